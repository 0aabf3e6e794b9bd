import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from probecast.evaluation.statistics import (
    bootstrap_interval,
    expected_draws,
    groups_alike,
    holm,
    mean_ranks,
    pairwise_p,
    rises,
    smallest_p,
    wilcoxon_p,
    wilson_interval,
)


@pytest.mark.parametrize("good", [(1, 0, 0, 0), (0, 1, 1, 0), (0, 0, 0, 0, 0), (0, 0, 1, 0, 1, 1)])
def test_expected_draws_is_the_mean_over_all_orders(good):
    n = len(good)

    def draws(order):
        """Number of draws until the best rank so far is a good one; n if that never happens."""
        reached = (k for k in range(1, n + 1) if good[min(order[:k])])
        return next(reached, n)

    orders = list(permutations(range(n)))
    assert expected_draws(good) == pytest.approx(sum(map(draws, orders)) / len(orders))


def test_expected_draws_of_a_single_best_is_the_middle_of_the_grid():
    assert expected_draws(np.arange(486) == 0) == pytest.approx(487 / 2)


def test_bootstrap_draws_families_not_tasks():
    # Nine tasks of one family agree: to the bootstrap they are one observation, not nine.
    values, families = [0.0] * 9 + [1.0], ["a"] * 9 + ["b"]
    low, high = bootstrap_interval(values, families, seed=0)
    assert (low, high) == (0.0, 1.0)


def test_bootstrap_interval_of_many_families_matches_theory():
    values = np.random.default_rng(0).normal(size=400)
    low, high = bootstrap_interval(values, range(400), seed=1)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.015)


def test_bootstrap_works_by_column_and_repeats():
    values = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    low, high = bootstrap_interval(values, ["a", "b", "c"], seed=3)
    assert low[1] == high[1] == 1
    assert low[0] < 1 < high[0]
    again = bootstrap_interval(values, ["a", "b", "c"], seed=3)
    np.testing.assert_array_equal((low, high), again)


def test_one_family_gives_no_interval():
    assert np.isnan(bootstrap_interval([0.1, 0.3], ["a", "a"], seed=0)).all()


def test_wilcoxon():
    # Five pairs, all in one direction: 2 of the 2**5 sign patterns are as extreme.
    assert wilcoxon_p([1, 2, 3, 4, 5], [0, 0, 0, 0, 0]) == pytest.approx(2 / 32)
    assert wilcoxon_p([1, 2], [1, 2]) == 1


@pytest.mark.parametrize("count", [6, 9])
def test_wilcoxon_with_ties_and_without_differences_is_that_of_all_signs(count):
    from scipy.stats import PermutationMethod, wilcoxon

    generator = np.random.default_rng(count)
    for _ in range(5):
        difference = generator.integers(-3, 4, size=count).astype(float)
        every = PermutationMethod(n_resamples=2**count)
        theirs = wilcoxon(difference, zero_method="zsplit", method=every).pvalue
        assert wilcoxon_p(difference, np.zeros(count)) == pytest.approx(theirs)


def test_wilcoxon_of_many_pairs_is_exact():
    from scipy.stats import wilcoxon

    difference = np.random.default_rng(0).normal(0.3, 1, size=50)
    exact = wilcoxon(difference, method="exact").pvalue
    assert wilcoxon_p(difference, np.zeros(50)) == pytest.approx(exact)


def test_a_rise_counts_where_it_exceeds_the_error_of_the_paired_difference():
    steady = pd.DataFrame({1.0: [0.5, 0.3], 2.0: [0.4, 0.2], 4.0: [0.45, 0.25], 8.0: [0.1, 0.1]})
    assert rises(steady) == [4.0]
    rough = steady.assign(**{"4.0": 0}).drop(columns="4.0")
    rough[4.0] = [0.6, 0.1]  # on average .05 more, give or take .15
    assert rises(rough) == []
    # Slowly, too: each step is small, but not both together.
    slow = pd.DataFrame({1.0: [0.2, 0.2], 2.0: [0.21, 0.2], 4.0: [0.22, 0.215]})
    assert rises(slow) == [4.0]
    assert rises(pd.DataFrame({1.0: [0.2], 2.0: [0.3]})) == [2.0]


def test_holm():
    # Smallest first: 3 x .01, 2 x .03, and 1 x .04, which may not fall below the one before.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]) == pytest.approx([1, 1])
    assert holm([]).shape == (0,)


@pytest.fixture
def three_methods():
    """Eight tasks: ``a`` is ahead on all; ``b`` and ``c`` take turns by steps of 1 to 8."""
    b = np.linspace(0.20, 0.48, 8)
    steps = np.array([1, -2, -3, 4, 5, -6, -7, 8]) / 100
    return pd.DataFrame({"c": b + steps, "b": b, "a": 0.0})


def test_critical_differences_by_hand(three_methods):
    # c is behind b on four of eight tasks.
    ranks = mean_ranks(three_methods)
    assert ranks.to_dict() == {"a": 1, "c": 2.5, "b": 2.5}
    assert ranks.index[0] == "a"
    # a: 2 of 2**8 sign patterns are as extreme. b and c: the steps of either sign sum to 18.
    p_values = pairwise_p(three_methods)
    assert p_values == pytest.approx(
        {frozenset("ab"): 3 * 2 / 256, frozenset("ac"): 3 * 2 / 256, frozenset("bc"): 1}
    )
    assert groups_alike(["a", "b", "c"], p_values) == [["b", "c"]]
    assert groups_alike(["a", "b", "c"], p_values, level=0.01) == [["a", "b", "c"]]


def test_ties_share_their_rank_and_rounding_makes_no_difference():
    regrets = pd.DataFrame({"a": [0.3, 0.1], "b": [0.1 + 0.2, 0.1], "c": [0.5, 0.0]})
    assert mean_ranks(regrets).to_dict() == {"a": 2, "b": 2, "c": 2}
    assert pairwise_p(regrets)[frozenset("ab")] == 1


@pytest.mark.parametrize(
    ("differ", "groups"),
    [
        ([], ["abcd"]),
        (["ac", "ad", "bd"], ["ab", "bc", "cd"]),
        (["ab"], ["acd", "bcd"]),  # what stands between two methods does not part them
        (["ab", "ac", "ad"], ["bcd"]),
        (["ab", "ac", "ad", "bc", "bd", "cd"], []),
    ],
)
def test_two_methods_share_a_group_if_and_only_if_they_do_not_differ(differ, groups):
    pairs = ["ab", "ac", "ad", "bc", "bd", "cd"]
    p_values = {frozenset(pair): 0.01 if pair in differ else 0.2 for pair in pairs}
    assert groups_alike(list("abcd"), p_values) == [list(group) for group in groups]


def test_smallest_p_is_reached_by_a_method_that_is_always_ahead(three_methods):
    assert smallest_p(8, 3) == pytest.approx(min(pairwise_p(three_methods).values()))
    assert smallest_p(1, 2) == 1


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (428, 500), (425, 872), (500, 500)])
def test_wilson_interval_is_that_of_scipy(hits, count):
    from scipy.stats import binomtest

    theirs = binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson_interval(hits / count, count) == pytest.approx((theirs.low, theirs.high))


def test_wilson_interval_of_nothing_known_is_not_known():
    assert all(math.isnan(end) for end in wilson_interval(math.nan, 10))
