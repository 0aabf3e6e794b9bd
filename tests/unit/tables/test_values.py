"""Whatever is written becomes exactly the value that was meant, or is refused by its column."""

import math
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecast.errors import ProbecastError
from probecast.space import LARGEST_NUMBER
from probecast.tables.settings import HyperparameterColumn
from probecast.tables.values import hyperparameter_in, identity_of, numbers_in, ranks_in, tidy


def meant(cells, **own):
    """What the cells of a column become, None for nothing."""
    cells = cells if isinstance(cells, pd.Series) else pd.Series(cells, dtype=object)
    own = HyperparameterColumn(column="x", **own)
    values = hyperparameter_in("runs.csv", "x", cells, own)[0].astype(object)
    return [None if value is None or value != value else value for value in values]


def written(texts, **own):
    """The same of a file's texts."""
    column = pd.Series(texts, dtype="category")
    cells, _ = tidy(column, column.isna().to_numpy())
    return meant(cells, **own)


WRITTEN = {
    "whole numbers": (["32", "64", " 8"], [32, 64, 8]),
    "fractions": (["1e-3", "0.01", ".1", "+2.", "-1E2"], [0.001, 0.01, 0.1, 2, -100]),
    "with gaps": (["0.1", "", None, "NA", "nan"], [0.1, None, None, None, None]),
    "None among numbers": (["0.1", "None"], [0.1, None]),
    "None among names": (["cosine", "none"], ["cosine", "none"]),
    "truth": (["True", "false", "TRUE", ""], [True, False, True, None]),
    "names": (["adam", " sgd ", ""], ["adam", "sgd", None]),
    "numbers and names": (["2", "auto"], ["2", "auto"]),
    "lists": (["[64, 64]", "[32]"], ["[64, 64]", "[32]"]),
    "what only looks like a number": (["1_000", "0x10", "1e"], ["1_000", "0x10", "1e"]),
}


@pytest.mark.parametrize(("texts", "values"), WRITTEN.values(), ids=WRITTEN)
def test_texts_of_a_file_mean_what_they_say(texts, values):
    assert written(texts) == values
    assert list(map(type, written(texts))) == [
        float if type(value) is int else type(value) for value in values
    ]


HELD = {
    "one and true": ([1, True, 2], ["1", "True", "2"]),
    "zero and false": ([0, False], ["0", "False"]),
    "64 and 64.0": ([64, 64.0], [64, 64]),
    "texts that are numbers": (["1", "2"], ["1", "2"]),
    "numbers and names": ([2, "auto", 0.5], ["2", "auto", "0.5"]),
    "nothing": ([None, 1, math.nan], [None, 1, None]),
    "lists": ([[64, 64], (32,), []], ["[64, 64]", "[32]", "[]"]),
    "NumPy's": ([np.float32(0.1), np.int64(3), np.float16(0.3)], [0.1, 3, 0.3]),
    "decimals": ([Decimal("0.1"), None], [0.1, None]),
    "empty": (["", "a"], ["", "a"]),
}


@pytest.mark.parametrize(("cells", "values"), HELD.values(), ids=HELD)
def test_values_of_an_optuna_study_are_what_they_are(cells, values):
    assert meant(cells) == values


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int8", "uint64", "bool"])
def test_numbers_of_any_precision_are_the_ones_that_were_written(kind):
    numbers = [0.1, 0.003, 3.0] if kind.startswith("float") else [0, 1, 1]
    column = pd.Series(np.array(numbers, dtype=kind))
    cells, _ = tidy(column, np.zeros(3, dtype=bool))
    assert meant(cells) == numbers


NONE = {
    "infinity": ([1.0, math.inf], "holds inf, but a hyperparameter cannot have what is not fin"),
    "minus infinity": ([-math.inf], r"x: {values: {-inf: 1000}}"),
    "beyond": ([2**60], "cannot have what lies beyond 2\\^53"),
    "a time": ([datetime(2026, 1, 1)], "a datetime, which is no value"),
    "a day": ([date(2026, 1, 1)], "a date, which is no value"),
    "a duration": ([timedelta(1)], "a timedelta, which is no value"),
    "bytes": ([b"x"], "a bytes, which is no value"),
    "a book": (["x" * 5000], "a text of 5000 characters"),
    "two of one name": ([1, "1"], "holds both '1' and 1, which would be one name"),
    "truth in words": ([True, "True"], "which would be one name"),
}


@pytest.mark.parametrize(("cells", "message"), NONE.values(), ids=NONE)
def test_what_a_hyperparameter_cannot_have_is_refused(cells, message):
    with pytest.raises(ProbecastError, match=rf"column 'x' .*{message}"):
        meant(cells)


@pytest.mark.parametrize(
    "text", ["2026-01-01", "2026-01-01 10:00:00.5", "10:30:00", "0 days 00:00:01.5", "1 days"]
)
def test_times_are_no_hyperparameter(text):
    with pytest.raises(ProbecastError, match="a time, .* list the hyperparameters"):
        written([text])
    for column in (pd.Series([pd.Timestamp(0)]), pd.Series([pd.Timedelta(0)])):
        with pytest.raises(ProbecastError, match="a time, .* list the hyperparameters"):
            meant(column)


def test_a_decimal_comma_is_no_name():
    with pytest.raises(ProbecastError, match=r"'0,01': write a number with a point"):
        written(["0,1", "0,01"])
    with pytest.raises(
        ProbecastError, match=r"'10%': write numbers without %, and 'factor: 0.01'"
    ):
        written(["10%", "12.5 %"])


def test_a_value_is_respelt_whatever_its_type():
    assert written(["none", "10"], values={"none": 0}, factor=0.01) == [0, 0.1]
    assert meant([48.0, 64.0], values={"48": 50}) == [50, 64]
    assert meant([math.inf, 1.0], values={"inf": 1000}) == [1000, 1]
    assert meant([None, 1], values={"None": 0}) == [0, 1]
    assert meant([True, False], values={"True": "yes", "False": "no"}) == ["yes", "no"]
    assert meant([[64, 64]], values={"[64, 64]": 2}) == [2]


def test_a_unit_that_leads_beyond_all_numbers_is_refused():
    with pytest.raises(ProbecastError, match="not finite"):
        written(["400"], base=10)


def test_seeds_are_in_the_order_of_numbers():
    column = pd.Series(["10", "9", "10"], dtype="category")
    assert ranks_in(pd.DataFrame({"seed": column}), "seed").tolist() == [1, 0, 1]


def test_a_metric_that_is_written_as_not_finite_is_that():
    texts = ["nan", "NaN", "-inf", "Infinity", "1e400", "0.5"]
    frame = pd.DataFrame({"y": pd.Series(texts, dtype="category")})
    found = numbers_in("runs.csv", frame, "y")
    assert np.isnan(found[:2]).all() and np.isinf(found[2:5]).all() and found[5] == 0.5
    for wrong in ("good", "1,5", "10%", "--"):
        with pytest.raises(ProbecastError, match="column 'y' holds .*, which is no number"):
            numbers_in("runs.csv", pd.DataFrame({"y": pd.Categorical([wrong])}), "y")
    with pytest.raises(ProbecastError, match="which is no number"):
        numbers_in("runs.csv", pd.DataFrame({"y": [pd.Timestamp(0)]}), "y")


number = st.floats(-LARGEST_NUMBER, LARGEST_NUMBER) | st.integers(-(2**53), 2**53)
anything = st.none() | st.booleans() | number | st.text(max_size=5) | st.lists(number, max_size=2)


def kept(value):
    """A value as it can be told from all others."""
    return (type(value) is bool, value)


@settings(max_examples=100, deadline=None)
@given(st.lists(anything, min_size=1, max_size=8))
def test_values_of_one_kind_stay_and_of_several_are_told_apart_or_refused(values):
    try:
        found = meant(values)
    except ProbecastError as refusal:
        assert "would be one name" in str(refusal)
        return
    kinds = {bool: "truth", str: "name", int: "number", float: "number", list: "name"}
    present = [value for value in values if value is not None]
    assert [value is None for value in found] == [value is None for value in values]
    if len({kinds[type(value)] for value in present}) <= 1 and list not in map(type, present):
        assert found == values
    else:
        pairs = list(zip(map(str, map(kept, values)), found, strict=True))
        for one, spelt in pairs:
            for other, also in pairs:
                assert (one == other) <= (spelt == also)


@settings(max_examples=100, deadline=None)
@given(st.lists(number, min_size=1, max_size=8))
def test_a_number_is_the_same_written_as_a_text(values):
    assert written([repr(value) for value in values]) == [float(value) for value in values]


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abc"), anything),
    st.dictionaries(st.sampled_from("abc"), anything),
)
def test_an_identity_tells_configurations_apart_but_not_types_of_numbers(one, other):
    def known(configuration):
        return {n: kept(v) for n, v in configuration.items() if v is not None}

    lists = [value for value in (*one.values(), *other.values()) if isinstance(value, list)]
    if not lists:  # a list is the name that it is spelt by
        same = known(one) == known(other)
        assert (identity_of("s", one) == identity_of("s", other)) == same
