"""One epoch of many random candidates, then full trainings of the best."""

import pytest

from kit.tables import small_table
from probecast.tuners import DEFAULT, get_tuner
from probecast.tuners.one_epoch import FINALISTS
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Problem

NAN = float("nan")


class Recorder(TableEnvironment):
    def __init__(self, table):
        super().__init__(table)
        self.bought = []

    def advance(self, configuration, epoch):
        self.bought.append((configuration["learning_rate"], epoch))
        return super().advance(configuration, epoch)


def bought(table, budget, seed=0):
    """What was trained, as (learning rate, epochs) in order, and the last step."""
    shop = Recorder(table)
    candidates = sorted(shop.candidates, key=lambda c: c["learning_rate"])
    tuner = get_tuner("one_epoch")(Problem(table.info, candidates, budget, seed=seed))
    steps = run(tuner, shop, budget)
    return shop.bought, steps[-1]


def rising(count, epochs=10):
    """The larger the learning rate, the better from the first epoch on."""
    return small_table({0.01 * i: [0.01 * i] * epochs for i in range(1, count + 1)})


def test_the_best_after_one_epoch_is_trained_fully():
    found, last = bought(rising(40), 2.0)
    assert [epoch for _, epoch in found] == [1] * 11 + [10]
    assert len({rate for rate, _ in found}) == 11
    best = max(rate for rate, _ in found)
    assert found[-1] == (best, 10)
    assert last.configuration == {"learning_rate": best}
    assert last.cost == pytest.approx(2.0)


def test_a_late_bloomer_among_the_finalists_is_recommended():
    curves = {0.1: [0.5, 0.5, 0.5, 0.5], 0.2: [0.4, 0.6, 0.8, 0.9], 0.3: [0.1, 0.9, 0.9, 0.99]}
    curves |= {1.0 + i: [0.05] * 4 for i in range(3)}
    found, last = bought(small_table(curves), 4.0)
    assert [rate for rate, epoch in found if epoch == 4] == [0.1, 0.2]
    assert last.configuration == {"learning_rate": 0.2}


def test_much_money_buys_more_beginnings_not_more_finalists():
    found, _ = bought(rising(90), 9.0)
    epochs = [epoch for _, epoch in found]
    assert epochs.count(10) == FINALISTS
    assert epochs.count(1) == 6 * 10 + FINALISTS


@pytest.mark.parametrize("budget", [1, 1.1, 1.5, 2, 3, 5, 200])
@pytest.mark.parametrize("epochs", [1, 2, 9])
@pytest.mark.parametrize("count", [1, 2, 30])
def test_the_budget_is_kept_and_a_full_training_bought(budget, epochs, count):
    found, last = bought(rising(count, epochs), budget)
    trained = dict(found)  # the last of each counts
    assert sum(trained.values()) <= budget * epochs + 1e-6
    assert trained[last.configuration["learning_rate"]] == epochs


def test_tables_of_one_level_are_searched_at_random():
    found, last = bought(rising(20, epochs=1), 5.5)
    assert [epoch for _, epoch in found] == [1] * 5
    assert last.configuration == {"learning_rate": max(rate for rate, _ in found)}


def test_what_diverges_does_not_go_on():
    table = small_table({0.1: [0.9, NAN], 0.2: [NAN], 0.3: [0.2, 0.3, 0.4], 0.4: [0.1] * 3})
    found, last = bought(table, 3.0)
    assert last.configuration == {"learning_rate": 0.3}
    assert (0.2, 3) not in found


def test_candidates_are_drawn_anew_with_every_seed():
    one, same, other = (bought(rising(40), 2.0, seed)[0] for seed in (0, 0, 1))
    assert one == same != other


def test_it_is_replayed_where_no_tuners_are_named():
    assert "one_epoch" in DEFAULT
