import pytest

from probecast.errors import ProbecastError
from probecast.tuning.driver import run
from probecast.tuning.protocol import Observation

A, B, C = {"x": 1}, {"x": 2}, {"x": 3}


class Shop:
    """Trials of 10 epochs whose metric is the epoch; those named diverge at a given one."""

    horizon = 10

    def __init__(self, diverges=None):
        self.diverges = diverges or {}
        self.sold = []

    def advance(self, configuration, epoch):
        self.sold.append((configuration["x"], epoch))
        end = self.diverges.get(configuration["x"], 99)
        curve = tuple(float(e) if e < end else float("nan") for e in range(1, min(epoch, end) + 1))
        return Observation(configuration, curve, diverged=end <= epoch)


class Scripted:
    """Asks what is written, and recommends what is written for the number of trials told."""

    def __init__(self, asks, recommendations):
        self.asks, self.recommendations, self.told = list(asks), recommendations, []

    def ask(self):
        return self.asks.pop(0) if self.asks else None

    def tell(self, observations):
        self.told += observations

    def recommend(self):
        return self.recommendations[len(self.told)], None


def costs(steps):
    return [step.cost for step in steps]


def test_total_cost_is_what_was_bought_and_what_completes_the_recommendation():
    tuner = Scripted([(A, 2), (B, 3), (A, 5)], [A, A, B, B])
    steps = run(tuner, Shop(), budget=3)
    # 10 to come; 2 bought + 8; 2 + 3 bought + 7; continuing A to 5 costs 3 more: 8 + 7
    assert costs(steps) == pytest.approx([1.0, 1.0, 1.2, 1.5])
    assert [step.spent for step in steps] == pytest.approx([0, 0.2, 0.5, 0.8])
    assert [step.configuration for step in steps] == [A, A, B, B]


def test_a_diverged_trial_costs_the_epochs_that_it_ran():
    steps = run(Scripted([(A, 10), (B, 10)], [A, A, B]), Shop(diverges={1: 3}), budget=2)
    assert costs(steps) == pytest.approx([1.0, 0.3, 1.3])


def test_a_step_that_would_leave_the_recommendation_unpaid_is_not_begun():
    shop = Shop()
    steps = run(Scripted([(B, 5), (C, 1)], [A, A, A]), shop, budget=1.5)
    assert shop.sold == [(2, 5)]
    assert costs(steps) == pytest.approx([1.0, 1.5])


def test_continuing_the_recommendation_is_always_affordable():
    shop = Shop()
    steps = run(Scripted([(A, 5), (A, 10)], [A, A, A]), shop, budget=1)
    assert shop.sold == [(1, 5), (1, 10)]
    assert costs(steps) == pytest.approx([1.0, 1.0, 1.0])


def test_an_unaffordable_new_recommendation_does_not_replace_the_old():
    steps = run(Scripted([(A, 5)], [A, C]), Shop(), budget=1.4)
    assert steps[-1].configuration == A
    assert steps[-1].cost == pytest.approx(1.0)


def test_a_budget_below_one_full_run_is_refused():
    with pytest.raises(ProbecastError, match="at least 1"):
        run(Scripted([], [A]), Shop(), budget=0.9)


@pytest.mark.parametrize("again", [(A, 4), (A, 3), (A, 11)])
def test_training_backwards_or_beyond_the_horizon_is_a_bug_of_the_tuner(again):
    with pytest.raises(ValueError, match="that has 4"):
        run(Scripted([(A, 4), again], [A, A, A]), Shop(), budget=9)
