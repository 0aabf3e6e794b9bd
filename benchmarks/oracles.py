"""What our probes would have been worth had their curves' ends been known.

Two bounds on a run of our tuner, as rows of ``replay`` with a method of their own: the best last
validation metric among the configurations that it began (perfect extrapolation of the same
probes), and among all that it might have begun (perfect choice of probes, too).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from probecast.evaluation.replay import worth_of
from probecast.learner.tuner import ProbecastTuner
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuning.protocol import Tuner

BEGUN, MIGHT = "oracle: best of those begun", "oracle: best of those that might be begun"


def oracles_of(
    table: TrialTable,
) -> tuple[list[dict[str, Any]], Callable[[Tuner, float, int], None]]:
    """Return a list and what to pass to ``replay`` as ``watch``, which fills it.

    Args:
        table: the target's.
    """
    worth = worth_of(table, int(table.frame["seed"].min()))
    sign = 1.0 if table.info.higher_is_better else -1.0
    found = []

    def watch(tuner: Tuner, budget: float, repetition: int) -> None:
        if not isinstance(tuner, ProbecastTuner):
            return
        outcomes = [worth[config_id(candidate)] for candidate in tuner.candidates]
        merit = sign * np.array([outcome["val_metric"] for outcome in outcomes])
        might = np.arange(len(outcomes)) < PROBED
        for method, allowed in ((BEGUN, tuner.epochs > 0), (MIGHT, might)):
            chosen = int(np.argmax(np.where(allowed, merit, -np.inf)))
            row = {"task": table.info.task, "method": method, "repetition": repetition}
            found.append({**row, "cost": float(budget), **outcomes[chosen]})

    return found, watch
