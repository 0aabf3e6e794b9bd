"""What our probes would have been worth had their curves' ends been known.

A bound on a run of our tuner, as rows of ``replay`` with a method of its own: the best last
validation metric among the configurations that it began, perfect extrapolation of the same probes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from probecast.evaluation.replay import worth_of
from probecast.learner.tuner import ProbecastTuner
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuning.protocol import Tuner

BEGUN = "oracle: best of those begun"


def oracles_of(
    table: TrialTable,
) -> tuple[list[dict[str, Any]], Callable[[Tuner, float, int], None]]:
    """Return a list and what to pass to ``replay`` as ``watch``, which fills it.

    Args:
        table: the target's.
    """
    worth = worth_of(table, table.main_seed())
    sign = 1.0 if table.info.higher_is_better else -1.0
    found = []

    def watch(tuner: Tuner, budget: float, repetition: int) -> None:
        if not isinstance(tuner, ProbecastTuner):
            return
        outcomes = [worth[config_id(candidate)] for candidate in tuner.candidates]
        merit = sign * np.array([outcome["val_metric"] for outcome in outcomes])
        chosen = int(np.argmax(np.where(tuner.epochs > 0, merit, -np.inf)))
        row = {"task": table.info.task, "method": BEGUN, "repetition": repetition}
        found.append({**row, "cost": float(budget), **outcomes[chosen]})

    return found, watch
