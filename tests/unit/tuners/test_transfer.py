"""Nearest tasks, the empirical Gaussian and TPE on tables with an answer known by hand."""

import numpy as np
import pytest

from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.tuners import DEFAULT, get_tuner
from probecast.tuners.halving_portfolio import _left_out_curves
from probecast.tuners.source_regrets import Shared, source_curves
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Observation, Problem

NAN = float("nan")
RATES = [0.1, 0.2, 0.3, 0.4, 0.5]
# Two kinds of task. On both .1 is fair; what is best beside it differs.
RISING = [0.5, 0.9, 0.8, 0.2, 0.1]
FALLING = [0.5, 0.1, 0.2, 0.8, 0.9]
MIDDLE = [0.6, 0.55, 0.5, 0.5, 0.5]


def task(finals, **changes):
    return small_table({r: [v / 2, v] for r, v in zip(RATES, finals, strict=True)}, **changes)


def problem(table, budget, sources):
    candidates = sorted(TableEnvironment(table).candidates, key=lambda c: c["learning_rate"])
    return Problem(table.info, candidates, budget, sources=sources)


def tried(name, table, budget, sources):
    bought = []

    class Shop(TableEnvironment):
        def advance(self, configuration, epoch):
            bought.append(configuration["learning_rate"])
            return super().advance(configuration, epoch)

    steps = run(get_tuner(name)(problem(table, budget, sources)), Shop(table), budget)
    return bought, steps[-1].configuration["learning_rate"]


@pytest.mark.parametrize("name", ["nearest", "empirical_gp"])
@pytest.mark.parametrize(("kind", "best"), [(RISING, 0.2), (FALLING, 0.5)])
def test_a_trial_tells_which_tasks_to_learn_from(name, kind, best):
    # More falling than rising ones, so that the first trials are the same for both targets.
    sources = [task(RISING)] * 2 + [task(FALLING)] * 3 + [task(MIDDLE)]
    bought, chosen = tried(name, task(kind), 3.0, sources)
    assert bought[0] == tried(name, task(RISING), 3.0, sources)[0][0]
    assert chosen == best
    assert len(set(bought)) == len(bought) == 3


@pytest.mark.parametrize("name", ["nearest", "empirical_gp"])
def test_the_first_trial_is_that_of_the_portfolio(name):
    assert tried(name, task(FALLING), 1.0, [task(RISING)] * 3 + [task(FALLING)])[0] == [0.2]


def test_resemblance_is_that_of_ranks_whatever_the_scale():
    sources = [task(RISING), task(FALLING)]
    errors = small_table(
        {r: [2 - v, 1 - v] for r, v in zip(RATES, FALLING, strict=True)},
        metric="mse",
        higher_is_better=False,
        floor=1.0,
    )
    tuner = get_tuner("nearest")(problem(errors, 5.0, sources))
    environment = TableEnvironment(errors)
    for rate in (0.1, 0.3):
        tuner.tell([environment.advance({"learning_rate": rate}, 2)])
    assert tuner._weights()[1] > 0.8


def test_the_gaussian_learns_the_scale_of_a_target_whose_floor_is_unknown():
    sources = [task(RISING), task(FALLING), task(MIDDLE)]
    target = task([v / 2 for v in FALLING], floor=NAN)
    assert tried("empirical_gp", target, 4.0, sources)[1] == 0.5


def test_a_source_on_which_nothing_worked_does_not_outweigh_the_others():
    # A trial at the floor tells nothing of the range, so no range may gain by it.
    sources = [task(RISING), task(RISING), task(MIDDLE), task([0.1] * 5)]
    tuner = get_tuner("empirical_gp")(problem(task([0.05] * 5, floor=NAN), 3.0, sources))
    tuner.tell([Observation({"learning_rate": rate}, (0.05, 0.05)) for rate in RATES[:3]])
    assert tuner.log_weights.argmax() != 3


def test_the_unit_of_a_metric_changes_no_choice():
    def scaled(values, factor, **changes):
        return task([factor * value for value in values], floor=NAN, metric="score", **changes)

    generator = np.random.default_rng(0)
    for _ in range(30):
        *sources, target = generator.random((5, 5)) * [[0.2], [1], [3], [1], [0.5]]
        small, large = (
            tried("empirical_gp", scaled(target, by), 4.0, [scaled(s, by) for s in sources])
            for by in (1, 1000)
        )
        assert small == large


def test_rungs_are_tuned_with_portfolios_of_other_families():
    target = task(RISING)
    twins = [task(RISING, family="a"), task(RISING, family="a")]
    other = task(FALLING, family="b")
    # Without its twin, a rising task is met in the order that serves falling ones.
    best_last = _left_out_curves(Shared.of(problem(target, 1.0, [*twins, other])))[:2, 0, -1]
    assert best_last.tolist() == pytest.approx([1.0, 1.0])
    assert len(_left_out_curves(Shared.of(problem(target, 1.0, twins)))) == 0


@pytest.mark.parametrize("name", ["nearest", "empirical_gp", "tpe"])
def test_divergence_and_absurd_values_are_survived(name):
    curves = {0.1: [0.3, 0.5], 0.2: [NAN], 0.3: [-1e18, -1e18], 0.4: [NAN], 0.5: [0.1, 0.6]}
    target = small_table(curves)
    bought, chosen = tried(name, target, 5.0, [task(RISING), task(FALLING)])
    assert sorted(bought) == RATES
    assert chosen == 0.5


def test_tpe_tries_every_candidate_once_of_any_kind():
    table = small_table({rate: [0.1, rate / 100] for rate in range(1, 31)})
    candidates = [
        {"learning_rate": c["learning_rate"], **({"m": "x"} if c["learning_rate"] % 2 else {})}
        for c in TableEnvironment(table).candidates
    ]
    tuner = get_tuner("tpe")(Problem(table.info, candidates, 30.0))
    asked = []
    while (next_one := tuner.ask()) is not None:
        asked.append(next_one[0])
        tuner.tell([Observation(next_one[0], (0.1, next_one[0]["learning_rate"] / 100))])
    assert len({str(configuration) for configuration in asked}) == len(asked) == 30


def test_tpe_learns_from_what_it_has_tried():
    table = small_table({rate / 100: [0.9 - abs(rate / 100 - 0.3)] for rate in range(1, 101)})
    regrets = []
    for seed in range(5):
        given = Problem(table.info, TableEnvironment(table).candidates, 25.0, seed=seed)
        steps = run(get_tuner("tpe")(given), TableEnvironment(table), 25.0)
        regrets.append(abs(steps[-1].configuration["learning_rate"] - 0.3))
    assert np.mean(regrets) < 0.02  # random search: a hundredth of 50 / 26


def test_curves_on_sources_are_read_at_the_same_share_of_another_horizon():
    target = small_table({0.1: [0.1, 0.1], 0.2: [0.1, 0.1]})
    source = small_table({0.1: [0.1, 0.3, 0.5, 0.9], 0.2: [0.1, 0.1, 0.1, 0.1]})
    curves = source_curves(Shared.of(problem(target, 1.0, [source])))
    np.testing.assert_allclose(curves, [[[0.75, 0.0], [1.0, 1.0]]])
    longer = source_curves(Shared.of(problem(source, 1.0, [target])))
    assert longer.shape == (1, 2, 4)


TRANSFER = ["best_average", "portfolio", "nearest", "empirical_gp", "halving_portfolio"]


@pytest.mark.parametrize("name", TRANSFER)
def test_without_a_shared_configuration_there_is_one_clear_error(name):
    with pytest.raises(ProbecastError, match="none of the 1 source tables holds a configuration"):
        get_tuner(name)(problem(task(RISING), 2.0, [small_table({7.0: [0.1, 0.2]})]))


@pytest.mark.parametrize("name", [name for name in DEFAULT if name != "probecast"])
@pytest.mark.parametrize("epochs", [1, 3])
def test_few_shared_configurations_and_one_epoch_will_do(name, epochs):
    generator = np.random.default_rng(0)

    def part(rates):
        return small_table({r: generator.random(epochs).tolist() for r in rates}, floor=NAN)

    table, sources = part([1.0, 2.0, 3.0, 4.0, 5.0]), [part([1.0, 7.0]), part([3.0, 4.0, 8.0])]
    for budget in (1.0, 1.4, 4.0):
        given = problem(table, budget, sources)
        steps = run(get_tuner(name)(given), TableEnvironment(table), budget)
        assert steps[-1].configuration in given.candidates
        assert steps[-1].cost <= budget
