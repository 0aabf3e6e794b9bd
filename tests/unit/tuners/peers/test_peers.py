"""Syne Tune's transfer methods on tables with an answer known by hand."""

import sys

import numpy as np
import pytest

import probecast.tuners
from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.trials import TrialTable
from probecast.tuners import DEFAULT, PEERS, SLOW, TUNERS, get_tuner
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Observation, Problem

NAN = float("nan")
RATES = [0.1, 0.2, 0.3, 0.4]

# Syne Tune's, of pandas; nothing that we can mend.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")


@pytest.fixture
def syne_tune():
    pytest.importorskip("syne_tune", reason="needs the optional group 'peers'")


def task(finals, rates=RATES, **changes):
    return small_table({r: [v / 2, v] for r, v in zip(rates, finals, strict=True)}, **changes)


def problem(table, sources, budget=99.0, seed=0):
    candidates = sorted(TableEnvironment(table).candidates, key=lambda c: c["learning_rate"])
    return Problem(table.info, candidates, budget, seed=seed, sources=sources)


def order(name, given):
    """The learning rates that a tuner tries, if every one is worth the same."""
    tuner, asked = get_tuner(name)(given), []
    while (next_one := tuner.ask()) is not None:
        asked.append(next_one[0]["learning_rate"])
        tuner.tell([Observation(next_one[0], (0.5,) * given.info.epochs)])
    return asked


def with_optimizer(table, optimizers):
    """The table with a second hyperparameter, by learning rate."""
    frame = table.frame.assign(optimizer=table.frame["learning_rate"].map(optimizers))
    return TrialTable(table.info, ["learning_rate", "optimizer"], frame)


@pytest.mark.usefixtures("syne_tune")
@pytest.mark.parametrize("sign", [1, -1])
def test_zero_shot_takes_the_best_mean_rank_and_then_what_adds_most_to_it(sign):
    # Ranks 1, 2, 3, 4 and 4, 2, 3, 1: .2 has the best mean. After it, .1 and .4 improve one
    # source each; .3 improves none.
    sources = [
        task(
            [sign * v for v in finals],
            higher_is_better=sign > 0,
            floor=sign * 0.1,
        )
        for finals in ([0.9, 0.8, 0.3, 0.2], [0.2, 0.8, 0.3, 0.9])
    ]
    assert order("zero_shot", problem(task([0.5] * 4), sources)) == [0.2, 0.1, 0.4, 0.3]


@pytest.mark.usefixtures("syne_tune")
def test_zero_shot_learns_from_one_source():
    given = problem(task([0.5] * 4), [task([0.4, 0.2, 0.8, NAN])])
    assert order("zero_shot", given) == [0.3, 0.1, 0.2, 0.4]


@pytest.mark.usefixtures("syne_tune")
def test_the_box_is_left_only_when_it_is_empty():
    target = task([0.5] * 6, rates=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    # Best are .2 and .45; that the target has no .45 does not matter.
    sources = [task([0.1, 0.9, 0.2, 0.1]), task([0.2, 0.9], rates=[0.1, 0.45])]
    orders = [order("bounding_box", problem(target, sources, seed=seed)) for seed in range(8)]
    for tried in orders:
        assert sorted(tried[:3]) == [0.2, 0.3, 0.4]
        assert sorted(tried[3:]) == [0.1, 0.5, 0.6]
    assert len(set(map(tuple, orders))) > 1
    assert orders[5] == order("bounding_box", problem(target, sources, seed=5))


@pytest.mark.usefixtures("syne_tune")
def test_the_box_of_names_holds_those_of_the_best():
    used = {0.1: "Adam", 0.2: "SGD", 0.3: "Adam", 0.4: "SGD"}
    target = with_optimizer(task([0.5] * 4), used)
    # Best are .1 and .3, both with Adam.
    sources = [
        with_optimizer(task([0.9, 0.1, 0.2, 0.3]), used),
        with_optimizer(task([0.1, 0.2, 0.9, 0.3]), used),
    ]
    assert set(order("bounding_box", problem(target, sources))[:2]) == {0.1, 0.3}


@pytest.mark.usefixtures("syne_tune")
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_quantile_begins_where_the_sources_are_best(higher_is_better):
    rates = [rate / 50 for rate in range(1, 51)]
    # Of three scales, which do not matter: losses are ranked within their source.
    sources = [
        task(
            [scale * (1 - abs(rate - 0.3)) * (1 if higher_is_better else -1) for rate in rates],
            rates=rates,
            higher_is_better=higher_is_better,
            floor=0.0,
        )
        for scale in (1, 10, 100)
    ]
    for seed in range(3):
        tried = order("quantile", problem(task([0.5] * 50, rates=rates), sources, seed=seed))
        assert max(abs(rate - 0.3) for rate in tried[:5]) <= 0.1
        assert sorted(tried) == rates


@pytest.mark.usefixtures("syne_tune")
def test_quantile_learns_from_names_and_where_a_hyperparameter_does_not_apply():
    rates = [rate / 20 for rate in range(1, 21)]
    used = {rate: "SGD" if number % 2 else None for number, rate in enumerate(rates)}
    finals = [0.9 if used[rate] == "SGD" else 0.1 for rate in rates]
    source = with_optimizer(task(finals, rates=rates, floor=0.0), used)
    target = with_optimizer(task([0.5] * 20, rates=rates), used)
    tried = order("quantile", problem(target, [source] * 3))
    assert {used[rate] for rate in tried[:10]} == {"SGD"}
    assert {used[rate] for rate in tried[10:]} == {None}


@pytest.mark.usefixtures("syne_tune")
@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("epochs", [1, 3])
def test_few_trials_of_which_some_diverged_will_do(name, epochs):
    generator = np.random.default_rng(0)

    def part(rates, diverged=()):
        ends = {r: [NAN] if r in diverged else generator.random(epochs).tolist() for r in rates}
        return small_table(ends, floor=NAN)

    table = part([1.0, 2.0, 3.0, 4.0, 5.0], diverged=[1.0, 3.0])
    sources = [part([1.0, 7.0]), part([3.0, 4.0, 8.0], diverged=[3.0]), part([2.0])]
    for budget in (1.0, 1.4, 6.0):
        given = problem(table, sources, budget)
        steps = run(get_tuner(name)(given), TableEnvironment(table), budget)
        assert steps[-1].configuration in given.candidates
        assert steps[-1].cost <= budget


@pytest.mark.usefixtures("syne_tune")
@pytest.mark.parametrize("name", PEERS)
def test_nothing_is_printed(name, capfd):
    get_tuner(name)(problem(task([0.5] * 4), [task(RATES), task(RATES)]))
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("syne_tune")
@pytest.mark.parametrize("name", ["bounding_box", "quantile"])
def test_without_a_source_of_the_same_hyperparameters_there_is_one_clear_error(name):
    target = with_optimizer(task([0.5] * 4), dict.fromkeys(RATES, "SGD"))
    with pytest.raises(ProbecastError, match="none of the 1 source tables.*learning_rate, optim"):
        get_tuner(name)(problem(target, [task(RATES)]))


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_whose_package_is_missing_says_what_to_install(name, monkeypatch):
    def import_module(module):
        raise ModuleNotFoundError("No module named 'syne_tune'", name="syne_tune")

    monkeypatch.setattr(probecast.tuners, "import_module", import_module)
    with pytest.raises(ProbecastError, match=r"'syne_tune'.*pip install -e '\.\[peers\]'"):
        get_tuner(name)


def test_no_tuner_that_a_study_runs_by_default_needs_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "syne_tune", None)
    assert sorted([*PEERS, *SLOW, *DEFAULT]) == sorted(TUNERS)
    for name in DEFAULT:
        get_tuner(name)
