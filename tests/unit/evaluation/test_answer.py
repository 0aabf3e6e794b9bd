"""What is said of made-up scores, word for word."""

import pandas as pd
import pytest

from probecast.evaluation.answer import (
    beside_reference,
    gain_in_words,
    gains_in_words,
    in_words,
    outcome,
    references_in_words,
)

ROW = {
    "task": "a-cnn",
    "role": "predicted",
    "reference": "grid",
    "reference_size": 486,
    "weak_reference": "",
    "gain": 0.12,
    "gain_error": 0.01,
    "gap": 0.023,
    "gap_error": 0.004,
    "tie": False,
    "within_5pct": True,
    "base_rate_5pct": 0.21,
    "saturated": False,
    "cost_ratio_grid": 12.0,
}
SAMPLED = {"reference": "sampled reference", "reference_size": 24}


def row(**changes):
    return {**ROW, **changes}


def scores(*changes):
    return pd.DataFrame([row(task=f"{number}-cnn") | c for number, c in enumerate(changes)])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "12 % better than the default (± 1.0 %)"),
        ({"gain": -0.12}, "12 % worse than the default (± 1.0 %)"),
        ({"gain_error": float("nan")}, "12 % better than the default"),
        ({"gain": 0.0, "gain_error": 0.0}, "exactly as good as the default"),
        ({"gain": float("inf"), "gain_error": float("nan")}, "more than any per cent better than"),
        (
            {"gain": -0.004},
            "as good as the default: 0.4 % worse is within twice the standard error (1.0 %)",
        ),
    ],
)
def test_the_gain_over_the_default(changes, words):
    assert words in gain_in_words(row(**changes))


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({}, "near", "worse than grid search by 2.3 % (± 0.4 %)"),
        ({"gap": 0.12}, "worse", "worse than grid search by 12 % (± 0.4 %)"),
        (
            {"gap": -0.65, "gap_error": 0.03, **SAMPLED},
            "better",
            "better than the best of 24 sampled configurations by 65 % (± 3.0 %)",
        ),
        (
            {"gap": 0.003, "tie": True},
            "tie",
            "a tie with grid search: 0.3 % worse is within twice the standard error (0.4 %)",
        ),
        ({"gap": 0.0, "gap_error": 0.0, "tie": True}, "tie", "exactly as good as grid search"),
        ({"gap_error": float("nan"), "tie": pd.NA}, "near", "worse than grid search by 2.3 %"),
    ],
)
def test_beside_the_reference(changes, kind, words):
    assert outcome(row(**changes)) == kind
    assert beside_reference(row(**changes)) == words


def test_what_is_far_better_is_never_said_to_come_within_five_per_cent_of_the_reference():
    said = in_words(scores({"gap": -0.65, "gap_error": 0.03, **SAMPLED}))
    assert said == (
        "On 0-cnn the predicted configuration is 12 % better than the default (± 1.0 %). It is "
        "better than the best of 24 sampled configurations by 65 % (± 3.0 %), at 8.3 % of its "
        "cost. It comes within 5 % of the best choice of any method; a random configuration does "
        "so with probability 21 %."
    )
    assert "within 5 % of the best of 24" not in said


def test_many_tasks_are_counted():
    many = scores(
        {"gap": -0.65, **SAMPLED},
        {"gap": -0.1, "gain": -0.2, **SAMPLED, "reference_size": 12},
        {"gap": 0.001, "tie": True, "gain": 0.001, **SAMPLED},
        {"gap": 0.5, "within_5pct": False, **SAMPLED},
    )
    assert gains_in_words(many) == (
        "The predicted configuration is better than the default on 2 of 4 tasks, as good on 1 and "
        "worse on 1; the median gain is 6.0 %."
    )
    assert references_in_words(many) == (
        "It is better than the best of 12 to 24 sampled configurations on 2 of 4 tasks by up to "
        "65 %, a tie on 1 and worse by more than 5 % on 1, at 8.3 % of its cost. It comes within "
        "5 % of the best choice of any method on 3 of 4 tasks; a random configuration does so "
        "with probability 21 %."
    )


def test_without_a_better_one_nothing_is_said_to_be_better():
    said = references_in_words(scores({}, {"gap": 0.2, "within_5pct": False}))
    assert said == (
        "Of 2 tasks, the prediction is worse by at most 5 % on 1 and worse by more than 5 % on 1, "
        "beside grid search and at 8.3 % of its cost. It comes within 5 % of grid search on 1 of "
        "2 tasks; a random configuration does so with probability 21 %."
    )


def test_saturated_tasks_are_left_out_of_hits_and_chance():
    said = references_in_words(scores({}, {}, {"saturated": True, "base_rate_5pct": 0.9}))
    assert "within 5 % of grid search on 2 of 2 tasks; a random configuration does so" in said
    assert "probability 21 %. 1 task where more than half of all random configurations" in said
    alone = references_in_words(scores({"saturated": True}))
    assert "nothing is said: here more than half of all random configurations do so." in alone


def test_a_weak_reference_is_named_with_its_reasons():
    reason = "a sample of only 24 configurations"
    alone = references_in_words(scores({"weak_reference": reason}))
    assert alone.endswith(f"The reference is weak ({reason}): to come near it says little.")
    both = f"{reason}; no better than the default"
    several = references_in_words(
        scores({"weak_reference": reason}, {"weak_reference": both}, {"weak_reference": ""}, {})
    )
    assert several.endswith(
        "On 2 of 4 tasks the reference is weak, so that to come near it says little "
        f"({reason} on 2; no better than the default on 1)."
    )
