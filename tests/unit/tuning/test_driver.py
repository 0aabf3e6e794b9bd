import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_a_stopped_trial_that_is_not_resumable_costs_all_its_epochs_again():
    tuner = Scripted([(A, 2), (A, 4), (B, 3), (A, 5), (A, 10), (B, 5)], [A, A, A, A, A, A, A])
    steps = run(tuner, Shop(), budget=3, resumable=False)
    # A goes on from 2 to 4, is lost to B, trained anew, finished and kept; then B is trained anew.
    assert [step.spent for step in steps] == pytest.approx([0, 0.2, 0.4, 0.7, 1.2, 1.7, 2.2])
    assert costs(steps) == pytest.approx([1.0, 1.0, 1.0, 1.7, 1.7, 1.7, 2.2])


def test_a_trial_that_is_lost_by_beginning_another_is_paid_for_anew():
    asks, recommendations = [(A, 5), (B, 1)], [A, A, A]
    shop = Shop()
    run(Scripted(asks, recommendations), shop, budget=1.5, resumable=False)
    assert shop.sold == [(1, 5)]  # 5 + 1 bought + 10 would be 16
    shop = Shop()
    run(Scripted(asks, recommendations), shop, budget=1.6, resumable=False)
    assert shop.sold == [(1, 5), (2, 1)]


def test_a_diverged_recommendation_has_nothing_to_complete_in_either_mode():
    asks = [(A, 4), (B, 1)]
    for resumable in (True, False):
        steps = run(Scripted(asks, [A, A, A]), Shop({1: 3}), budget=2, resumable=resumable)
        assert costs(steps) == pytest.approx([1.0, 0.3, 0.4])


class Machine(Shop):
    """Counts the epochs that it trains; it may keep unfinished networks of no other trial."""

    def __init__(self, diverges, resumable):
        super().__init__(diverges)
        self.resumable, self.trained, self.networks = resumable, 0, {}

    def ended(self, x):
        return self.networks.get(x) == self.diverges.get(x, 10)

    def advance(self, configuration, epoch):
        observation = super().advance(configuration, epoch)
        name = configuration["x"]
        if not self.resumable:
            self.networks = {x: e for x, e in self.networks.items() if x == name or self.ended(x)}
        self.trained += observation.epochs - self.networks.get(name, 0)
        self.networks[name] = observation.epochs
        return observation


class Erratic:
    """Asks for any trial that can go on, and recommends anything."""

    def __init__(self, data):
        self.data, self.told = data, {}

    def ask(self):
        open_ = [x for x in range(1, 5) if x not in self.told or self._goes_on(x)]
        if not open_:
            return None
        x = self.data.draw(st.sampled_from(open_))
        done = self.told[x].epochs if x in self.told else 0
        return {"x": x}, self.data.draw(st.integers(done + 1, 10))

    def _goes_on(self, x):
        return not self.told[x].diverged and self.told[x].epochs < 10

    def tell(self, observations):
        self.told |= {o.configuration["x"]: o for o in observations}

    def recommend(self):
        return {"x": self.data.draw(st.integers(1, 4))}, None


@settings(max_examples=100, deadline=None)
@given(
    st.data(),
    st.floats(1, 5),
    st.booleans(),
    st.dictionaries(st.integers(1, 4), st.integers(1, 9)),
)
def test_the_recommendation_can_be_completed_within_the_budget_at_any_time(
    data, budget, resumable, diverges
):
    machine = Machine(diverges, resumable)
    steps = run(Erratic(data), machine, budget, resumable)
    assert all(step.cost <= budget + 1e-6 for step in steps)
    assert steps[-1].spent == pytest.approx(machine.trained / 10)
    # Completing it on this machine costs what was said.
    last = steps[-1].configuration
    if not machine.ended(last["x"]):
        machine.advance(last, 10)
        assert machine.trained / 10 <= steps[-1].cost + 1e-6
