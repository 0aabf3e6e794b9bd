from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from probecast.errors import ProbecastError
from probecast.space import Space, config_id

GRID = Space.model_validate(
    {
        "learning_rate": {"choices": [0.001, 0.01, 0.1], "scale": "log"},
        "layers": {"choices": [2, 3, 4]},
        "optimizer": {"choices": ["SGD", "Adam"]},
    }
)
RANGES = Space.model_validate(
    {
        "learning_rate": {"low": 1e-5, "high": 0.1, "scale": "log"},
        "layers": {"low": 1, "high": 8, "type": "integer"},
    }
)


def test_grid_holds_every_combination_once():
    grid = GRID.grid()
    assert len(grid) == GRID.size == 18
    assert len({config_id(c) for c in grid}) == 18
    assert grid[0] == {"learning_rate": 0.001, "layers": 2, "optimizer": "SGD"}


def test_space_with_ranges_has_no_grid():
    assert RANGES.size is None
    with pytest.raises(ProbecastError, match=r"ranges \(learning_rate\)"):
        RANGES.grid()


def test_range_of_whole_numbers_has_a_grid_and_asking_for_more_ends():
    space = Space.model_validate(
        {"rate": {"choices": [0.1, 0.2]}, "layers": {"low": 1, "high": 4, "type": "integer"}}
    )
    grid = space.grid()
    assert len(grid) == space.size == 8
    assert {c["layers"] for c in grid} == {1, 2, 3, 4}
    assert space.candidates(1000, 0) == grid
    with pytest.raises(ProbecastError, match="24 configurations.*only 8"):
        space.stratified(24, 0)


def test_a_sample_of_a_range_of_whole_numbers_is_on_its_scale():
    space = Space.model_validate(
        {"neurons": {"low": 16, "high": 1024, "scale": "log", "type": "integer"}}
    )
    drawn = [c["neurons"] for c in space.stratified(100, 0)]
    assert 60 < np.median(drawn) < 300  # about the geometric middle, not 520


@given(count=st.integers(1, 18), seed=st.integers(0, 1000))
def test_stratified_sample_uses_levels_evenly(count, seed):
    sample = GRID.stratified(count, seed)
    assert len({config_id(c) for c in sample}) == count
    for name, hyperparameter in GRID.root.items():
        used = Counter(c[name] for c in sample)
        uses = [used[choice] for choice in hyperparameter.choices]
        assert max(uses) - min(uses) <= 2


def test_smaller_stratified_sample_is_a_prefix():
    assert GRID.stratified(12, 3)[:5] == GRID.stratified(5, 3)


def test_stratified_sample_larger_than_the_grid_is_refused():
    with pytest.raises(ProbecastError, match="19 configurations.*only 18"):
        GRID.stratified(19, 0)


@given(seed=st.integers(0, 1000))
def test_samples_of_ranges_stay_inside(seed):
    for c in RANGES.candidates(20, seed):
        assert 1e-5 <= c["learning_rate"] <= 0.1
        assert isinstance(c["layers"], int) and 1 <= c["layers"] <= 8


def test_log_range_is_sampled_by_ratio():
    values = [c["learning_rate"] for c in RANGES.candidates(400, 0)]
    below = np.mean(np.array(values) < 1e-3)  # the geometric middle
    assert 0.4 < below < 0.6


def test_candidates_are_the_grid_when_it_fits():
    assert GRID.candidates(18, 0) == GRID.grid()
    assert len(GRID.candidates(7, 0)) == 7


def test_config_id_ignores_order_and_spelling_of_numbers():
    assert config_id({"a": 64, "b": "x"}) == config_id({"b": "x", "a": 64.0})
    assert config_id({"a": 64}) != config_id({"a": 65})
    assert config_id({"a": True}) != config_id({"a": 1})


def test_canonical_restores_types_after_a_table():
    stored = {"optimizer": "Adam", "layers": np.float64(3.0), "learning_rate": np.float64(0.01)}
    plain = GRID.canonical(stored)
    assert plain == {"learning_rate": 0.01, "layers": 3, "optimizer": "Adam"}
    assert isinstance(plain["layers"], int)


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"learning_rate": 0.01, "layers": 3}, "missing \\['optimizer'\\]"),
        (
            {"learning_rate": 0.01, "layers": 3, "optimizer": "Adam", "depth": 1},
            "unknown \\['depth'\\]",
        ),
        ({"learning_rate": 0.02, "layers": 3, "optimizer": "Adam"}, "learning_rate=0.02"),
    ],
)
def test_configuration_outside_the_space_is_refused(configuration, message):
    with pytest.raises(ProbecastError, match=message):
        GRID.canonical(configuration)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({}, "no points"),
        ({"a": {"choices": []}}, "at least 1 item"),
        ({"a": {"choices": [1, 1]}}, "repeat"),
        ({"a": {"choices": [0, 1], "scale": "log"}}, "positive"),
        ({"a": {"choices": [float("nan")]}}, "not finite"),
        ({"a": {"low": 2, "high": 1}}, "below high"),
        ({"a": {"low": 0, "high": 1, "scale": "log"}}, "above 0"),
        ({"a": {"low": 0.5, "high": 2, "type": "integer"}}, "whole"),
        ({"Not a name": {"choices": [1]}}, "pattern"),
    ],
)
def test_space_that_cannot_be_is_refused(bad, message):
    with pytest.raises(ValidationError, match=message):
        Space.model_validate(bad)


def test_around_a_configuration_every_level_is_met_once():
    center = {"learning_rate": 0.01, "layers": 3}
    around = RANGES.around(center)
    assert around[0] == center
    assert {c["learning_rate"] for c in around} == {1e-5, 0.01, 0.1}
    assert {c["layers"] for c in around} == {1, 3, 8}
    assert all(sum(c[n] != center[n] for n in c) == 1 for c in around[1:])
    assert len(GRID.around(GRID.grid()[0])) == 1 + 2 + 2 + 1


def test_the_default_is_always_a_candidate_of_a_sampled_space():
    space = Space.model_validate({"rate": {"low": 1e-4, "high": 1e-1, "scale": "log"}})
    default = space.canonical({"rate": 0.05})
    assert default in space.candidates(5, 0, default)
    assert default not in space.candidates(5, 0)
    assert len(space.candidates(5, 0, default)) == 5
