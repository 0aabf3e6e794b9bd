"""How well every candidate did on the source tasks."""

from collections.abc import Sequence

import numpy as np

from probecast.errors import ProbecastError
from probecast.evaluation.scores import regret
from probecast.space import Configuration, config_id
from probecast.trials import TrialTable
from probecast.tuners.tuner import Problem


def source_regrets(problem: Problem) -> np.ndarray:
    """Return the regret of the candidates' last validation metric on every source task.

    Each source is scaled by its own floor and best value, diverged trials count as the
    floor, and seeds are averaged. A candidate that a source has not tried gets there the
    mean regret of those it has: less is known about it, and it is neither praised nor
    blamed for that.

    Returns:
        (sources, candidates) in 0..1. Sources that share no candidate are left out.

    Raises:
        ProbecastError: no source shares a configuration with the candidates.
    """
    rows = [_regrets(table, problem.candidates) for table in problem.sources]
    known = [row for row in rows if not np.isnan(row).all()]
    if not known:
        raise ProbecastError(
            f"{problem.info.task}: none of the {len(rows)} source tables holds a configuration "
            "of the target's space; add sources with the same space, or leave out the tuners "
            "best_average and portfolio"
        )
    return np.stack([np.where(np.isnan(row), np.nanmean(row), row) for row in known])


def _regrets(table: TrialTable, candidates: Sequence[Configuration]) -> np.ndarray:
    """One source's regret per candidate; NaN where it has not been tried."""
    info = table.info
    last = table.with_floor("val_metric")[info.epochs].groupby("config_id").mean()
    best = last.max() if info.higher_is_better else last.min()
    regrets = regret(last, best, info.floor_val, info.higher_is_better)
    by_id = dict(zip(last.index, regrets, strict=True))
    tried = {
        config_id(configuration): by_id[identity]
        for identity, configuration in table.configurations().items()
    }
    return np.array([tried.get(config_id(candidate), np.nan) for candidate in candidates])
