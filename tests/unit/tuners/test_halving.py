"""Successive halving, on random candidates and on the portfolio, by hand."""

from dataclasses import replace

import pytest

from kit.tables import small_table
from probecast.tuners import get_tuner
from probecast.tuners.halving import RungsTuner, cost, halving_rungs
from probecast.tuners.halving_portfolio import best_rungs
from probecast.tuners.source_regrets import Shared
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Problem

NAN = float("nan")
# .2 leads after an epoch, .1 after two and in the end.
CURVES = {0.1: [0.4, 0.6, 0.8, 0.9], 0.2: [0.5, 0.5, 0.5, 0.5], 0.3: [0.3, 0.2, 0.2, 0.2]}


class Recorder(TableEnvironment):
    def __init__(self, table):
        super().__init__(table)
        self.bought = []

    def advance(self, configuration, epoch):
        self.bought.append((configuration["learning_rate"], epoch))
        return super().advance(configuration, epoch)


def problem(table, budget, sources=(), seed=0):
    candidates = sorted(TableEnvironment(table).candidates, key=lambda c: c["learning_rate"])
    return Problem(table.info, candidates, budget, seed=seed, sources=sources)


def climb(table, rungs, budget=9.0):
    given, shop = problem(table, budget), Recorder(table)
    steps = run(RungsTuner(given, given.candidates, rungs), shop, budget)
    return shop.bought, [step.configuration["learning_rate"] for step in steps], steps[-1].cost


def test_the_best_of_a_rung_go_on_to_the_next():
    bought, recommended, total = climb(small_table(CURVES), [(3, 1), (2, 2), (1, 4)])
    assert bought == [(0.1, 1), (0.2, 1), (0.3, 1), (0.2, 2), (0.1, 2), (0.1, 4)]
    # The first to come so far leads, until one as far does better.
    assert recommended == [0.1, 0.1, 0.2, 0.2, 0.2, 0.1, 0.1]
    assert total == pytest.approx((3 + 2 + 2) / 4)
    assert cost([(3, 1), (2, 2), (1, 4)]) == 7


def test_smaller_errors_go_on():
    errors = small_table(CURVES, metric="mse", higher_is_better=False)
    assert climb(errors, [(3, 1), (1, 4)])[0][3:] == [(0.3, 4)]


def test_diverged_trials_do_not_go_on_and_others_take_their_place():
    table = small_table({0.1: [0.1, 0.1, 0.1, 0.1], 0.2: [0.9, NAN], 0.3: [NAN]})
    bought, recommended, _ = climb(table, [(3, 1), (2, 2), (1, 4)])
    assert bought == [(0.1, 1), (0.2, 1), (0.3, 1), (0.2, 2), (0.1, 2), (0.1, 4)]
    assert recommended[-1] == 0.1


def test_where_all_diverge_an_untried_configuration_is_recommended():
    table = small_table({0.1: [NAN], 0.2: [NAN], 0.3: [0.1, 0.2, 0.3, 0.4]})
    assert climb(table, [(2, 1), (1, 4)])[1][-1] == 0.3


@pytest.mark.parametrize("budget", [1, 1.1, 1.5, 2, 3, 5, 10, 200])
@pytest.mark.parametrize("horizon", [1, 2, 9, 50])
def test_rungs_start_with_as_many_trials_as_can_be_paid_for(horizon, budget):
    rungs = halving_rungs(horizon, budget, most=40)
    assert cost(rungs) <= budget * horizon
    assert rungs[-1][1] == horizon
    assert [count for count, _ in rungs] == sorted((c for c, _ in rungs), reverse=True)


def test_without_curves_halving_is_random_search():
    assert halving_rungs(horizon=1, budget=3.5, most=40) == [(3, 1)]


def test_halving_draws_its_candidates():
    table = small_table({0.1 * i: [0.01 * i] * 9 for i in range(1, 30)})
    shops = [Recorder(table) for _ in range(2)]
    for seed, shop in enumerate(shops):
        run(get_tuner("halving")(problem(table, 2.0, seed=seed)), shop, 2.0)
        assert [epoch for _, epoch in shop.bought] == [1] * 8 + [3] * 2 + [9]
        finalist = shop.bought[-1][0]
        assert finalist == max(rate for rate, _ in shop.bought)
    assert shops[0].bought != shops[1].bought


def flat(best, epochs=10):
    """A task whose curves tell everything at once; each rate is best on one of the tasks."""
    return small_table({r: [0.9 if r == best else 0.5] * epochs for r in (0.1, 0.2, 0.3, 0.4)})


def of_families(sources):
    """The same tables, each of a family of its own."""
    return [
        replace(table, info=replace(table.info, family=f"f{number}"))
        for number, table in enumerate(sources)
    ]


def test_rungs_are_those_that_served_the_sources():
    # One epoch tells the best: probe all four, continue the one.
    sources = of_families(flat(best) for best in (0.1, 0.2, 0.3, 0.4))
    table = flat(0.3)
    shop = Recorder(table)
    steps = run(get_tuner("halving_portfolio")(problem(table, 1.5, sources)), shop, 1.5)
    assert steps[-1].configuration == {"learning_rate": 0.3}
    assert shop.bought[-1] == (0.3, 10)
    rungs = best_rungs(Shared.of(problem(table, 1.5, sources)), 1.5)
    assert rungs[0][0] == 4
    assert rungs[-1] == (1, 10)


def test_where_early_epochs_mislead_the_portfolio_is_run_fully():
    # The order turns round at the end, so probes are worth nothing.
    def late(best):
        rates = (0.1, 0.2, 0.3, 0.4)
        return small_table(
            {r: [0.4 if r == best else 0.5] * 9 + [0.9 if r == best else 0.5] for r in rates}
        )

    sources = of_families(late(best) for best in (0.1, 0.2, 0.1, 0.2))
    rungs = best_rungs(Shared.of(problem(late(0.2), 2.0, sources)), 2.0)
    assert rungs == ((2, 10),)


def test_with_one_family_there_is_nothing_to_tune_on():
    table = flat(0.3)
    rungs = best_rungs(Shared.of(problem(table, 2.0, [flat(0.1), flat(0.2)])), 2.0)
    assert rungs == halving_rungs(10, 2.0, 4)
