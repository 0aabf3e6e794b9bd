"""Successive halving that starts from the portfolio, its rungs tuned on the source tasks.

The first k members of the greedy portfolio are probed for a few epochs and the best go on
(Feurer et al., "Auto-sklearn 2.0", JMLR 2022, combine portfolios with successive halving).
How many, how long and in how many stages is what would have done best, under the same
budget, on each source with a portfolio of the other families.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from probecast.regret import greedy_portfolio
from probecast.tuners.halving import Rungs, RungsTuner, cost, halving_rungs
from probecast.tuners.source_regrets import Shared, sharing, source_curves
from probecast.tuning.protocol import Problem

MOST_PROBED = 200
SHARES = (0.02, 0.04, 0.06, 0.1, 0.16, 0.26, 0.42, 0.66)  # of the horizon, ends of a probe
FEWER = (1.0, 0.7, 0.5, 0.3)  # probes, as a share of those that can be paid for
SPENT = 0.9  # of the dearest rungs that the budget pays for, at least


class HalvingPortfolioTuner(RungsTuner):
    """Climbs the rungs that served the sources best, with the portfolio's members."""

    def __init__(self, problem: Problem) -> None:
        shared = Shared.of(problem)
        members = _portfolio(shared)
        rungs = best_rungs(shared, problem.budget)
        super().__init__(problem, [problem.candidates[member] for member in members], rungs)


@lru_cache(maxsize=4)
def _portfolio(shared: Shared) -> list[int]:
    return greedy_portfolio(source_curves(shared)[:, :, -1], MOST_PROBED)


@lru_cache(maxsize=64)
def best_rungs(shared: Shared, budget: float) -> Rungs:
    """Return the rungs with the least mean regret over the sources, each family left out in turn.

    With one family there is nothing to tune on: plain successive halving.

    Args:
        shared: the sources, the candidates and the horizon.
        budget: total cost in full-run equivalents.
    """
    curves = _left_out_curves(shared)
    horizon, most = shared.horizon, min(MOST_PROBED, len(shared.identities))
    if not len(curves):
        return halving_rungs(horizon, budget, most)
    plans = sorted(set(_plans(horizon, budget, most)), key=lambda rungs: (len(rungs), rungs))
    # That saving does better on the sources is mostly chance: what may be spent is spent.
    enough = SPENT * max(map(cost, plans))
    plans = [rungs for rungs in plans if cost(rungs) >= enough]
    return min(plans, key=lambda rungs: _final_regrets(curves, rungs).mean())


@lru_cache(maxsize=4)
def _left_out_curves(shared: Shared) -> np.ndarray:
    """(sources, members, epochs) of each source, in the order of the other families' portfolio.

    Without another family there are none.
    """
    curves = source_curves(shared)
    families = np.array([source.info.family for source in sharing(shared)])
    if len(set(families)) < 2:
        return curves[:0]
    orders = {
        family: greedy_portfolio(curves[families != family, :, -1], MOST_PROBED)
        for family in set(families)
    }
    return np.array([own[orders[family]] for own, family in zip(curves, families, strict=True)])


def _plans(horizon: int, budget: float, most: int) -> Iterator[Rungs]:
    """All rungs to choose from: full runs, or probes of one or two lengths and full runs."""
    levels = sorted({max(1, round(share * horizon)) for share in SHARES} - {horizon})
    for finalists in range(1, min(int(budget + 1e-9), most) + 1):
        yield ((finalists, horizon),)
        for number, first in enumerate(levels):
            for share in FEWER:
                probes = _affordable(((finalists, horizon),), first, horizon, budget, most, share)
                if probes > finalists:
                    yield ((probes, first), (finalists, horizon))
                for second in levels[number + 1 :]:
                    for middle in {2 * finalists, 4 * finalists, 8 * finalists}:
                        above = ((middle, second), (finalists, horizon))
                        probes = _affordable(above, first, horizon, budget, most, share)
                        if probes > middle:
                            yield ((probes, first), *above)


def _affordable(
    above: Rungs, epoch: int, horizon: int, budget: float, most: int, share: float
) -> int:
    """How many probes of a length the budget pays for, beside the rungs above, times a share."""
    rest = cost(above) - above[0][0] * epoch
    return min(most, int(share * (budget * horizon + 1e-6 - rest) / epoch))


def _final_regrets(curves: np.ndarray, rungs: Rungs) -> np.ndarray:
    """(sources,) what climbing the rungs would have come to."""
    (count, epoch), *above = rungs
    left = curves[:, :count]
    for count, later in above:
        best = np.argsort(left[:, :, epoch - 1], axis=1, kind="stable")[:, :count]
        left, epoch = np.take_along_axis(left, best[:, :, None], axis=1), later
    return left[:, :, -1].min(axis=1)


TUNER = HalvingPortfolioTuner
