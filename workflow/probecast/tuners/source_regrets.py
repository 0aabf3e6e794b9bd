"""How well every candidate did on the source tasks."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from probecast.errors import ProbecastError
from probecast.regret import regret
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuning.protocol import Problem


class Shared(NamedTuple):
    """All that the sources tell about the candidates depends on this; hashable, to cache by.

    Attributes:
        sources: the trial tables of other tasks.
        identities: the candidates' ``config_id``.
        horizon: epochs of a full trial on the target.
    """

    sources: tuple[TrialTable, ...]
    identities: tuple[str, ...]
    horizon: int

    @classmethod
    def of(cls, problem: Problem) -> "Shared":
        """Return what the sources and a problem share.

        Raises:
            ProbecastError: no source shares a configuration with the candidates.
        """
        identities = tuple(config_id(candidate) for candidate in problem.candidates)
        shared = cls(tuple(problem.sources), identities, problem.info.epochs)
        if not len(source_curves(shared)):
            raise ProbecastError(
                f"{problem.info.task}: none of the {len(problem.sources)} source tables holds a "
                "configuration of the target's space; add sources with the same space, or leave "
                "out the tuners that learn from them"
            )
        return shared


def source_regrets(problem: Problem) -> np.ndarray:
    """Return the regret of the candidates' last validation metric on every source task.

    Returns:
        (sources, candidates) in 0..1: the last epoch of ``source_curves``.

    Raises:
        ProbecastError: no source shares a configuration with the candidates.
    """
    return source_curves(Shared.of(problem))[:, :, -1]


@lru_cache(maxsize=4)
def source_curves(shared: Shared) -> np.ndarray:
    """Return the regret of the candidates' validation curves on every source task.

    Each source is scaled by its own floor and best last value, diverged trials count as the
    floor, and seeds are averaged. A candidate that a source has not tried gets there the
    mean of those it has: less is known about it, and it is neither praised nor blamed for
    that. Sources with another horizon are read at the same shares of it.

    Returns:
        (sources, candidates, epochs of the target) in 0..1, read-only. Sources that share no
        candidate are left out.
    """
    identities, horizon = shared.identities, shared.horizon
    found = []
    for source in sharing(shared):
        rows, regrets = regrets_of(source)
        tried = [identity in rows for identity in identities]
        # The epoch at the same share of the horizon, or the next one.
        epochs = -(-np.arange(1, horizon + 1) * source.info.epochs // horizon) - 1
        known = regrets[[rows[identity] for identity in identities if identity in rows]]
        curves = np.broadcast_to(known.mean(axis=0), (len(identities), known.shape[1])).copy()
        curves[tried] = known
        found.append(curves[:, epochs])
    stacked = np.stack(found) if found else np.empty((0, len(identities), horizon))
    stacked.flags.writeable = False
    return stacked


def sharing(shared: Shared) -> list[TrialTable]:
    """Return the sources that have tried any candidate."""
    wanted = set(shared.identities)
    return [source for source in shared.sources if not wanted.isdisjoint(regrets_of(source)[0])]


@lru_cache(maxsize=256)
def regrets_of(table: TrialTable) -> tuple[dict[str, int], np.ndarray]:
    """Return the row of each ``config_id``, and (configurations, epochs) regrets in 0..1."""
    info = table.info
    curves = table.with_floor("val_metric").groupby("config_id").mean()
    best = info.sign * (info.sign * curves[info.epochs]).max()
    regrets = regret(curves, best, table.floor("val_metric"), info.higher_is_better)
    position = {identity: row for row, identity in enumerate(curves.index)}
    rows = {
        config_id(configuration): position[identity]
        for identity, configuration in table.configurations().items()
    }
    return rows, regrets
