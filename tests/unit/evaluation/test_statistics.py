from itertools import permutations

import numpy as np
import pytest

from probecast.evaluation.statistics import bootstrap_interval, expected_draws, wilcoxon_p


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
