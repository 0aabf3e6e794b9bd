import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

from probecast.integrations.distributions import (
    Names,
    as_value,
    branches,
    candidates,
    spread_over,
    values_of,
)

RATE = FloatDistribution(1e-4, 1e-1, log=True)
LAYERS = IntDistribution(1, 4)
ODD = CategoricalDistribution([None, [64, 64], float("inf"), True])

numbers = st.floats(-1e6, 1e6, allow_nan=False)
ranges = st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1])


def trial(state=TrialState.PRUNED, **given_):
    """A trial with parameters, each a value and its distribution."""
    params = {name: value for name, (value, _) in given_.items()}
    distributions = {name: distribution for name, (_, distribution) in given_.items()}
    return create_trial(state=state, params=params, distributions=distributions)


@given(ranges, st.booleans())
def test_values_that_stand_for_a_range_lie_in_it(bounds, whole):
    if whole:
        low, high = math.floor(bounds[0]), math.floor(bounds[1]) + 1
        distribution = IntDistribution(low, high)
    else:
        distribution = FloatDistribution(*bounds)
    values = spread_over(distribution)
    assert values
    assert all(distribution._contains(distribution.to_internal_repr(v)) for v in values)
    assert all(isinstance(value, int if whole else float) for value in values)


@pytest.mark.parametrize(
    "distribution, values",
    [
        (LAYERS, [1, 2, 3, 4]),
        (IntDistribution(2, 9, step=3), [2, 5, 8]),
        (IntDistribution(1, 1000), None),
        (FloatDistribution(0.1, 0.5, step=0.2), [0.1, 0.3, 0.5]),
        (RATE, None),
        (CategoricalDistribution(["SGD", "Adam"]), ["SGD", "Adam"]),
    ],
)
def test_what_has_few_values_is_a_list(distribution, values):
    assert values_of(distribution) == values


def test_choices_that_are_no_numbers_or_names_become_names_and_come_back():
    names = Names({})
    for choice in ODD.choices:
        configuration = names.to_ours({"x": choice}, {"x": ODD})
        assert isinstance(configuration["x"], str)
        assert names.to_theirs(configuration, {"x": ODD}) == {"x": choice}
    assert as_value(64, CategoricalDistribution([32, 64])) == 64
    assert as_value(1, CategoricalDistribution([1, "1"])) != as_value(
        "1", CategoricalDistribution([1, "1"])
    )


def test_names_are_changed_both_ways():
    names = Names({"learning_rate": "lr"})
    assert names.to_ours({"lr": 0.1, "layers": 2}, {"lr": RATE, "layers": LAYERS}) == {
        "learning_rate": 0.1,
        "layers": 2,
    }
    assert names.to_theirs({"learning_rate": 0.1}, {"lr": RATE}) == {"lr": 0.1}


OPTIMIZERS = CategoricalDistribution(["SGD", "Adam", "Lion"])
MOMENTUM = FloatDistribution(0, 0.9)


def test_a_branch_holds_what_leads_into_it_and_what_nobody_has_tried():
    tried = [
        trial(optimizer=("SGD", OPTIMIZERS), momentum=(0.5, MOMENTUM)),
        trial(optimizer=("Adam", OPTIMIZERS)),
    ]
    found = {frozenset(branch): branch for branch in branches(tried, {})}
    assert found[frozenset({"optimizer", "momentum"})]["optimizer"] == ["SGD", "Lion"]
    assert found[frozenset({"optimizer"})]["optimizer"] == ["Adam", "Lion"]
    assert found[frozenset({"optimizer", "momentum"})]["momentum"] is None


def test_without_conditions_all_may_be_combined():
    tried = [trial(optimizer=("SGD", OPTIMIZERS), layers=(2, LAYERS))]
    (branch,) = branches(tried, {})
    drawn = candidates([branch], tried[0].distributions, Names({}), 100, seed=0)
    assert len(drawn) == 12
    assert {c["optimizer"] for c in drawn} == {"SGD", "Adam", "Lion"}


def test_a_large_space_is_drawn_from_within_its_distributions():
    space = {"lr": RATE, "layers": LAYERS}
    drawn = candidates(branches([], space), space, Names({"learning_rate": "lr"}), 50, seed=0)
    assert 45 <= len(drawn) <= 50
    assert all(1e-4 <= c["learning_rate"] <= 1e-1 and c["layers"] in range(1, 5) for c in drawn)
    again = candidates(branches([], space), space, Names({"learning_rate": "lr"}), 50, seed=0)
    assert drawn == again
