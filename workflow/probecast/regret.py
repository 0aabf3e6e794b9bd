"""How good a value is beside the best one: gap, regret, portfolios and expected improvement."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr


def gap(value: ArrayLike, reference: float, higher_is_better: bool) -> np.ndarray:
    """Return how much worse than the reference a value is, relative to the reference.

    0.05 means 5 % worse: accuracy at 0.95 x, or an error at 1.05 x the reference. Negative
    means better. A reference of 0 leaves 0 (equal) or an infinite gap; of a negative one
    (a loss turned round), the size counts.
    """
    value = np.asarray(value, dtype=float)
    shortfall = reference - value if higher_is_better else value - reference
    if reference == 0:
        return np.where(shortfall == 0, 0.0, np.copysign(np.inf, shortfall))
    return shortfall / abs(reference)


def within(
    value: ArrayLike, reference: float, margin: float, higher_is_better: bool
) -> np.ndarray:
    """Return whether a value comes within ``margin`` (0.05 = 5 %) of the reference."""
    return gap(value, reference, higher_is_better) <= margin + 1e-9  # 0.95 of 1.0 is within 5 %


def regret(value: ArrayLike, best: float, floor: float, higher_is_better: bool) -> np.ndarray:
    """Return (best - value) / (best - floor), clipped to 0..1.

    Args:
        value: the metric reached.
        best: the best value known for the task.
        floor: the trivial predictor's value. If even the best is no better than that,
            nothing was learnt: the best has regret 0 and all else 1.
        higher_is_better: the metric's direction.
    """
    value = np.asarray(value, dtype=float)
    if (best <= floor) if higher_is_better else (best >= floor):
        return np.where(value == best, 0.0, 1.0)
    return np.clip((best - value) / (best - floor), 0, 1) + 0.0  # no -0


def greedy_portfolio(
    regrets: np.ndarray, size: int | None = None, weights: np.ndarray | None = None
) -> list[int]:
    """Return candidates in the order in which they join the portfolio.

    Ties, as when no candidate lowers the regret any more, go to the better on average.

    Args:
        regrets: (sources, candidates) in 0..1.
        size: how many may join; all by default.
        weights: (sources) of the mean; by default all count alike.
    """
    average = np.average(regrets, axis=0, weights=weights)
    best_so_far = np.ones(len(regrets))  # (sources,)
    waiting = list(range(regrets.shape[1]))
    members = []
    while waiting and len(members) != size:
        lowered = np.minimum(best_so_far[:, None], regrets[:, waiting])
        joined = np.average(lowered, axis=0, weights=weights)
        member = waiting.pop(int(np.lexsort((average[waiting], joined))[0]))
        members.append(member)
        best_so_far = np.minimum(best_so_far, regrets[:, member])
    return members


def expected_excess(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return E max(x, 0) for x ~ N(mean, deviation^2)."""
    deviation = np.maximum(deviation, 1e-12)
    score = mean / deviation
    density = np.exp(-0.5 * score**2) / np.sqrt(2 * np.pi)
    return mean * ndtr(score) + deviation * density
