"""Statistics over tasks: other families, which methods differ, and exact random search."""

import math
from itertools import combinations
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

LEVEL, DRAWS = 0.95, 2000  # of the bootstrap: coverage, and resamples
TIE = 2.0  # a difference of no more standard errors is a tie


def bootstrap_interval(
    values: ArrayLike, families: ArrayLike, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % percentile interval of the mean, resampling whole families.

    Tasks of one family resemble each other, so the family is the unit that is drawn
    (cluster bootstrap; Davison and Hinkley 1997, section 3.8).

    Args:
        values: (tasks,) or (tasks, columns); each column gets its own interval.
        families: (tasks,) family names.
        seed: seed of the resampling.

    Returns:
        Low and high ends, of shape () or (columns,); NaN when there are fewer than two
        families, as one family says nothing about others.
    """
    values = np.asarray(values, dtype=float)
    names, member = np.unique(np.asarray(families, dtype=str), return_inverse=True)
    if len(names) < 2:
        return np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, member, values)
    counts = np.bincount(member)
    # How often each family is drawn, per resample: (draws, families).
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    sizes = (weights @ counts).reshape(-1, *[1] * (values.ndim - 1))
    means = np.tensordot(weights, sums, axes=1) / sizes
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


def wilson_interval(share: float, count: int, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a binomial probability (Wilson 1927, JASA 22(158)).

    Args:
        share: of ``count`` draws, those that were hits; NaN gives NaN.
        count: number of draws.
        level: coverage of the interval.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return middle - half, middle + half


def wilcoxon_p(first: ArrayLike, second: ArrayLike) -> float:
    """Return the exact two-sided p-value of the Wilcoxon signed-rank test for pairs.

    Pairs without a difference are split between the signs (Pratt), so that ties count
    against significance; without any difference the p-value is 1. Exact with ties, too, and at
    once: SciPy tries all signs of up to 13 such pairs, and approximates more of them.

    Args:
        first: (tasks,) values of one method.
        second: (tasks,) values of the other on the same tasks.
    """
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    ranks = pd.Series(np.abs(difference)).rank().to_numpy()
    doubled = np.rint(2 * ranks[difference != 0]).astype(int)  # shared ranks may be halves
    # P(the ranks with a positive sign sum to as much), one pair after the other: every sign is
    # as likely as its opposite. What no difference adds is the same on both sides.
    chance = np.zeros(doubled.sum() + 1)
    chance[0] = 1.0
    for rank in doubled:
        chance[rank:] += chance[:-rank].copy()
        chance /= 2
    reached = np.rint(2 * ranks[difference > 0]).astype(int).sum()
    tail = min(chance[: reached + 1].sum(), chance[reached:].sum())
    return float(min(1.0, 2 * tail))


def holm(p_values: ArrayLike) -> np.ndarray:
    """Return p-values adjusted for the number of tests, by Holm's step-down method.

    Args:
        p_values: (tests,) as the single tests gave them.
    """
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values, kind="stable")
    multiplied = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(multiplied), 1)
    return adjusted


def mean_ranks(regrets: pd.DataFrame) -> pd.Series:
    """Return every method's mean rank over tasks, best first; ties share their mean rank.

    Args:
        regrets: (tasks x methods), complete, smaller is better.
    """
    # Means of the same numbers in another order may differ in the last bits.
    return regrets.round(12).rank(axis=1).mean().sort_values(kind="stable")


def pairwise_p(regrets: pd.DataFrame) -> dict[frozenset[str], float]:
    """Return the p-value of every pair of methods: Wilcoxon signed-rank, adjusted by Holm.

    Each pair is compared on its own: differences of mean ranks would depend on which other
    methods take part (Benavoli et al. 2016, JMLR 17(5)).

    Args:
        regrets: (tasks x methods), complete.
    """
    regrets = regrets.round(12)
    pairs = list(combinations(regrets, 2))
    adjusted = holm([wilcoxon_p(regrets[a], regrets[b]) for a, b in pairs])
    return {frozenset(pair): float(p) for pair, p in zip(pairs, adjusted, strict=True)}


def smallest_p(tasks: int, methods: int) -> float:
    """Return the smallest p-value that ``pairwise_p`` can give: one method always ahead."""
    return min(1.0, 2 * 0.5**tasks * methods * (methods - 1) / 2)


def groups_alike(
    methods: list[str], p_values: dict[frozenset[str], float], level: float = 0.05
) -> list[list[str]]:
    """Return the largest groups of methods of which no two differ significantly.

    Two methods share a group if and only if their difference is not significant, whatever
    stands between them: the maximal cliques of the graph of what is alike.

    Args:
        methods: in the order in which groups list them.
        p_values: of every pair, see ``pairwise_p``.
        level: below it, a difference is significant.

    Returns:
        Groups of two or more, that with the earliest method first.
    """
    from networkx import Graph, find_cliques  # slow to load

    alike = Graph()
    alike.add_edges_from(pair for pair, p in p_values.items() if p >= level)
    groups = [sorted(clique, key=methods.index) for clique in find_cliques(alike)]
    return sorted(groups, key=lambda group: [methods.index(method) for method in group])


def rises(curve: pd.DataFrame) -> list[float]:
    """Return the costs at which the mean regret is higher than at some lower cost.

    A rise counts where it is larger than the standard error of the paired differences over
    tasks; with a single task, where there is any.

    Args:
        curve: (tasks x costs), ascending, complete.
    """
    means, found = curve.mean(), []
    for place in range(1, curve.shape[1]):
        best = int(means.iloc[:place].argmin())
        difference = curve.iloc[:, place] - curve.iloc[:, best]
        error = difference.sem() if len(curve) > 1 else 0.0
        if difference.mean() > max(error, 1e-9):
            found.append(float(curve.columns[place]))
    return found


def expected_draws(good: ArrayLike) -> float:
    """Return how many configurations random search trains until its choice is a good one.

    Random search draws without replacement and chooses the best drawn so far. Followed
    exactly, not simulated: with the choice at rank r after k of n draws, all r better
    ones are still among the n - k left, so the next draw beats it with probability
    r / (n - k), and each of the r is equally likely.

    Args:
        good: (n,) whether a configuration is good enough, in order of merit: entry 0
            belongs to the configuration with the best validation metric.

    Returns:
        The expected number of draws, at most n. Where entry 0 is not good, some orders
        never get there; they count as n, so the number is a lower bound.
    """
    bad = ~np.asarray(good, dtype=bool)
    n = len(bad)
    rank = np.arange(n)
    choice = bad / n  # P(choice has this rank, and no choice so far was good)
    expected = 1.0
    for drawn in range(1, n):
        expected += choice.sum()
        stays = choice * (1 - rank / (n - drawn))
        worse = choice[::-1].cumsum()[::-1] - choice  # sum over the ranks behind each rank
        choice = bad * (stays + worse / (n - drawn))
    return float(expected)
