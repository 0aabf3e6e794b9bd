"""What our probes would have been worth had their curves' ends been known.

Two bounds on a run of our tuner, as rows of ``replay`` with a method of their own: the best last
validation metric among the configurations that it began (perfect extrapolation of the same
probes), and among all that it might have begun (perfect choice of probes, too).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from probecast.evaluation.scores import regret
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuners.probecast import PROBED, ProbecastTuner
from probecast.tuners.tuner import Tuner

BEGUN, MIGHT = "oracle: best of those begun", "oracle: best of those that might be begun"


def oracles_of(
    table: TrialTable,
) -> tuple[list[dict[str, Any]], Callable[[Tuner, float, int], None]]:
    """Return a list and what to pass to ``replay`` as ``watch``, which fills it.

    Args:
        table: the target's.
    """
    info, seed = table.info, int(table.frame["seed"].min())
    last = {
        column: table.with_floor(column, seed)[info.epochs].droplevel("seed")
        for column in ("val_metric", "test_metric")
    }
    identities = {config_id(c): identity for identity, c in table.configurations().items()}
    sign = 1.0 if info.higher_is_better else -1.0
    best = sign * (sign * last["test_metric"]).max()
    found = []

    def watch(tuner: Tuner, budget: float, repetition: int) -> None:
        if not isinstance(tuner, ProbecastTuner):
            return
        rows = [identities[config_id(candidate)] for candidate in tuner.candidates]
        merit = sign * last["val_metric"].loc[rows].to_numpy()
        for method, allowed in (
            (BEGUN, tuner.epochs > 0),
            (MIGHT, np.arange(len(rows)) < PROBED),
        ):
            chosen = rows[int(np.argmax(np.where(allowed, merit, -np.inf)))]
            missed = regret(
                last["test_metric"].loc[chosen], best, table.floor(), info.higher_is_better
            )
            row = {"task": info.task, "method": method, "repetition": repetition}
            found.append({**row, "cost": float(budget), "regret": float(missed)})

    return found, watch
