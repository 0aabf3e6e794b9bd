import pandas as pd
import pytest

from probecast.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.93412, "0.934"),
        (0.0, "0.000"),
        (0.999999, "1.000"),
        (9.996, "10.00"),
        (12.345, "12.3"),
        (1234.5, "1,234"),
        (-0.5, "−0.500"),
        (0.00812, "0.00812"),
        (0.000012, "1.20e−05"),
        (3.2e9, "3.20e+09"),
        (float("inf"), "∞"),
        (None, "–"),
        (float("nan"), "–"),
        (pd.NA, "–"),
    ],
)
def test_number(value, text):
    assert words.number(value) == text


def test_an_error_has_the_decimals_of_its_mean():
    assert words.with_error(0.9341, 0.00412) == "0.934 ± 0.004"
    assert words.with_error(12.34, 0.06) == "12.3 ± 0.1"
    assert words.with_error(0.9341, float("nan")) == "0.934"


def test_a_choice_is_spelt_with_how_many_it_was_chosen_from():
    assert words.role_label("portfolio", True, 12) == "portfolio, of 12"
    assert words.role_label("grid", True, 24) == "sampled reference, of 24"
    assert words.role_label("grid", False) == "grid search"
    assert words.role_label("default", True, 1) == "default"
    assert words.span([24, 12, 24]) == "12 to 24"
    assert words.span([486]) == "486"


def test_gains_have_a_sign():
    assert [words.signed(v) for v in (0.65, -0.1, 0.0, float("nan"))] == [
        "+65 %",
        "−10 %",
        "0 %",
        "–",
    ]


def test_costs():
    assert [words.duration(s) for s in (0.5, 75.26, 600, 9000, 4e6)] == [
        "0.5 s",
        "75.3 s",
        "10 min",
        "2.5 h",
        "1,111 h",
    ]
    assert [words.flops(f) for f in (12, 3e9, 1.234e15)] == ["12 FLOP", "3 GFLOP", "1.23 PFLOP"]
    assert [words.count(c) for c in (24, 1.84, 1944.0, None)] == ["24", "1.8", "1,944", "–"]
    assert [words.share(s) for s in (0.0421, -0.1, 0.5)] == ["4.2 %", "−10 %", "50 %"]


def test_flatten_keeps_order_and_leaves_out_what_is_unknown():
    nested = {"route": "hub", "revision": None, "rows": {"train": 10}, "tables": ["a", "b"]}
    assert words.flatten(nested) == [("route", "hub"), ("rows.train", "10"), ("tables", "a, b")]
    assert words.flatten({"files": [{"name": "x"}]}) == [("files.0.name", "x")]
