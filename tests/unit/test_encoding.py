import json
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from kit.tables import small_table
from probecast.encoding import Encoding, Hyperparameter

NAMES = Hyperparameter.of("optimizer", ["Adam", "SGD"])


def test_evenly_spaced_ratios_are_logarithmic_and_evenly_spaced_numbers_linear():
    assert Hyperparameter.of("learning_rate", [0.1, 0.001, 0.01]).scale == "log"
    assert Hyperparameter.of("batch_size", [32, 64, 128]).scale == "log"
    assert Hyperparameter.of("layers", [2, 3, 4]).scale == "linear"
    assert Hyperparameter.of("dropout", [0.1, 0.3, 0.5]).scale == "linear"
    assert Hyperparameter.of("momentum", [0.0, 0.9, 0.99]).scale == "linear"


def test_the_sources_range_becomes_minus_one_to_one():
    rate = Hyperparameter.of("learning_rate", [0.1, 0.001, 0.01])
    assert [rate.encode(v)[1] for v in (0.001, 0.01, 0.1)] == pytest.approx([-1, 0, 1])
    assert rate.encode(1e6) == [1, 2]  # far outside: not extrapolated


def test_names_and_switches_are_told_apart_and_an_unknown_name_is_absent():
    optimizer = Hyperparameter.of("optimizer", ["SGD", "Adam"])
    assert optimizer.encode("Adam") == [1, 1, 0]
    assert optimizer.encode("SGD") == [1, 0, 1]
    assert optimizer.encode("Lion") == [0, 0, 0]
    nesterov = Hyperparameter.of("nesterov", [True, False])
    assert nesterov.encode(True) != nesterov.encode(False)


def test_a_missing_value_is_absent_and_no_number():
    rate = Hyperparameter.of("learning_rate", [0.1, 0.001, 0.01])
    assert rate.encode(None) == rate.encode(float("nan")) == rate.encode("auto") == [0, 0]
    assert rate.encode(0.0) == [0, 0]  # has no logarithm


def test_a_hyperparameter_with_one_value_does_not_divide_by_zero():
    assert Hyperparameter.of("epochs", [8]).encode(8) == [1, 0]


def test_hyperparameters_match_by_name_and_kind_of_value():
    encoding = Encoding.of([small_table({0.1: [0.2], 0.01: [0.2]})])
    assert encoding.matched([{"learning_rate": 0.05, "layers": 2}]) == ["learning_rate"]
    assert encoding.matched([{"learning_rate": "high"}, {"lr": 0.1}]) == []
    assert encoding.configurations([{"lr": 0.1}]).tolist() == [[0, 0]]


def test_numbers_far_from_those_of_the_sources_match_nothing():
    """Such as percent for shares: on the sources' scale they would all look the same."""
    encoding = Encoding.of([small_table({0.1: [0.2], 0.3: [0.2], 0.5: [0.2]})])
    assert encoding.matched([{"learning_rate": 10}, {"learning_rate": 30}]) == []
    assert encoding.matched([{"learning_rate": 0.6}, {"learning_rate": 30}]) == ["learning_rate"]


def test_what_the_sources_cannot_tell_apart_the_targets_own_values_do():
    encoding = Encoding.of([small_table({0.1: [0.2], 0.3: [0.2], 0.5: [0.2]})])
    rates = [{"learning_rate": rate} for rate in (0.3, 0.5, 100, 200, 300)]
    assert len({tuple(row) for row in encoding.configurations(rates)}) == 3
    assert encoding.unmatched(rates).tolist() == [[0, 0], [0, 0], [1, -1], [1, 0], [1, 1]]
    optimizer = Encoding((Hyperparameter.of("optimizer", ["SGD", "Adam"]),), (), {})
    names = [{"optimizer": name} for name in ("Adam", "Lion", "AdamW")]
    assert encoding.matched(names) == []
    assert optimizer.unmatched(names).tolist() == [[0, 0, 0], [1, 0, 1], [1, 1, 0]]


def test_a_single_value_in_the_sources_tells_of_itself_only():
    epochs = Hyperparameter.of("epochs", [8])
    assert epochs.tells(8) and not epochs.tells(9)


def test_architectures_and_meta_features_of_a_task():
    one = small_table({0.1: [0.2]}, task="a-cnn", meta_features={"log_rows": 4.0})
    two = small_table({0.1: [0.2]}, task="b-rnn", meta_features={"log_rows": 8.0})
    encoding = Encoding.of([one, two])
    assert encoding.task(one.info).tolist() == [1, 0, -1]
    assert encoding.task(two.info).tolist() == [0, 1, 1]
    other = replace(one.info, architecture="lstm", meta_features={"log_rows": 1e9, "new": 1.0})
    assert encoding.task(other).tolist() == [0, 0, 3]
    assert encoding.task(replace(one.info, meta_features={})).tolist() == [1, 0, 0]


def test_the_encoding_survives_json():
    encoding = Encoding.of([small_table({0.1: [0.2], 1.0: [0.3]}, meta_features={"x": 1.0})])
    assert TypeAdapter(Encoding).validate_json(json.dumps(encoding.to_json())) == encoding


def test_hyperparameters_of_the_target_alone_have_a_place_of_their_own():
    encoding = Encoding.of([small_table({0.1: [0.2], 0.01: [0.2]})])
    own = encoding.unmatched([{"learning_rate": 0.1, "k": k} for k in (1, 3, 5)])
    assert own.tolist() == [[1, -1], [1, 0], [1, 1]]
    assert encoding.unmatched([{"learning_rate": 0.1}]).shape == (1, 0)


def test_inputs_are_grouped_by_the_hyperparameter_that_they_are_of():
    table = small_table({0.1: [0.2], 1.0: [0.3]})
    encoding = Encoding.of([table])
    assert encoding.groups().tolist() == [0, 0]  # is it there, and where does it lie
    more = replace(encoding, hyperparameters=(*encoding.hyperparameters, NAMES))
    assert more.groups().tolist() == [0, 0, 1, 1, 1]
    assert Encoding((), (), {}).groups().tolist() == []
