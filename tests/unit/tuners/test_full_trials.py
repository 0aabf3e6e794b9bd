"""Grid, random, best-average and portfolio, by hand on tables of four configurations."""

import numpy as np
import pytest

from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.tuners import get_tuner
from probecast.tuners.source_regrets import source_regrets
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Problem

NAN = float("nan")
# Last accuracy by learning rate; floor .1. Best of the target: .01.
TARGET = small_table({0.001: [0.2, 0.5], 0.01: [0.3, 0.9], 0.1: [NAN], 1.0: [0.4, 0.7]})
# Regrets (best .9, floor .1): .5, 0, .25, 1 and (best .5, floor .1) 0, .75, .25, 1.
SOURCES = (
    small_table({0.001: [0.1, 0.5], 0.01: [0.1, 0.9], 0.1: [0.1, 0.7], 1.0: [0.1, NAN]}),
    small_table({0.001: [0.1, 0.5], 0.01: [0.1, 0.2], 0.1: [0.1, 0.4], 1.0: [0.1, 0.1]}),
)


def problem(table=TARGET, budget=4.0, sources=SOURCES, seed=0):
    candidates = TableEnvironment(table).candidates
    candidates = sorted(candidates, key=lambda c: c["learning_rate"])
    return Problem(table.info, candidates, budget, seed=seed, sources=sources)


def rates(name, given, table=TARGET):
    steps = run(get_tuner(name)(given), TableEnvironment(table), given.budget)
    return [step.configuration["learning_rate"] for step in steps], [s.cost for s in steps]


def test_grid_runs_every_candidate_in_order_and_recommends_the_best_on_validation():
    chosen, cost = rates("grid", problem())
    assert chosen == [0.001, 0.001, 0.01, 0.01, 0.01]
    assert cost == [1, 1, 2, 2.5, 3.5]  # .1 diverges in its first of two epochs


def test_grid_with_a_smaller_budget_has_run_a_prefix():
    assert rates("grid", problem(budget=1.0))[0] == [0.001, 0.001]


def test_smaller_errors_are_better():
    errors = small_table(
        {0.001: [3.0, 2.0], 0.01: [3.0, 0.5], 0.1: [NAN], 1.0: [3.0, 1.0]},
        metric="mse",
        higher_is_better=False,
        floor=2.5,
    )
    assert rates("grid", problem(errors), errors)[0][-1] == 0.01
    # (2 - .5) / (2.5 - .5); the best; diverged; (1 - .5) / (2.5 - .5)
    np.testing.assert_allclose(
        source_regrets(problem(errors, sources=[errors])), [[0.75, 0, 1, 0.25]]
    )


def test_random_buys_as_many_full_trials_as_the_budget_holds():
    table = small_table({rate: [0.1, rate] for rate in (0.2, 0.3, 0.4, 0.5)})
    orders = set()
    for seed in range(20):
        tuner = get_tuner("random")(problem(table, budget=2.9, seed=seed))
        steps = run(tuner, TableEnvironment(table), 2.9)
        order = [c["learning_rate"] for c in tuner.order]
        assert [s.configuration["learning_rate"] for s in steps] == [
            order[0],
            order[0],
            max(order[:2]),
        ]
        orders.add(tuple(order))
    assert len(orders) > 5


def test_random_never_repeats_a_candidate():
    order = [c["learning_rate"] for c in get_tuner("random")(problem()).order]
    assert sorted(order) == [0.001, 0.01, 0.1, 1.0]


def test_regrets_on_the_sources_by_hand():
    np.testing.assert_allclose(
        source_regrets(problem()), [[0.5, 0.0, 0.25, 1.0], [0.0, 0.75, 0.25, 1.0]], atol=1e-12
    )


def test_a_candidate_that_a_source_has_not_tried_gets_its_mean_regret():
    partial = small_table({0.01: [0.1, 0.9], 0.1: [0.1, 0.5], 7.0: [0.1, 0.8]})
    np.testing.assert_allclose(
        source_regrets(problem(sources=[partial])), [[0.25, 0.0, 0.5, 0.25]], atol=1e-12
    )


def test_best_average_takes_the_least_mean_regret_at_the_cost_of_one_run():
    # means .25, .375, .25, 1: the first of the two that tie
    assert rates("best_average", problem()) == ([0.001, 0.001], [1, 1])


def test_the_portfolio_adds_what_complements_it_most():
    # .001 first (.25, tied with .1); then .01 brings the mean to 0; then the better on average
    order = [c["learning_rate"] for c in get_tuner("portfolio")(problem()).order]
    assert order == [0.001, 0.01, 0.1, 1.0]
    chosen, cost = rates("portfolio", problem(budget=2.0))
    assert (chosen, cost) == ([0.001, 0.001, 0.01], [1, 1, 2])


def test_sources_of_another_space_are_of_no_use_and_said_so():
    foreign = small_table({5.0: [0.1, 0.9]})
    assert len(source_regrets(problem(sources=[foreign, SOURCES[0]]))) == 1
    with pytest.raises(ProbecastError, match="none of the 1 source tables"):
        get_tuner("portfolio")(problem(sources=[foreign]))


def test_an_unknown_tuner_is_named_with_its_likely_spelling():
    with pytest.raises(ProbecastError, match="Did you mean 'random'"):
        get_tuner("randon")
