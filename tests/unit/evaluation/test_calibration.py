from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kit.synthetic import quick_encoder, synthetic_task
from probecast.evaluation.calibration import beliefs_frame, calibration, expected_calibration_error
from probecast.evaluation.results import study_beliefs
from probecast.learner.calibration import RAW, Beliefs, Calibration, Outcomes
from probecast.learner.outcomes import outcomes
from probecast.tuning.environments import TableEnvironment


def task_of(error: float, count: int = 40, near: float = 0.5) -> Outcomes:
    """Candidates believed at .5 between .4 and .6 that end ``error`` away, half of them near."""
    numbers = np.arange(count)
    metric = 0.5 + error * np.where(numbers % 2, 1, -1) * (numbers + 1) / count
    beliefs = Beliefs(
        np.full(count, 0.5), np.full(count, 0.4), np.full(count, 0.6), np.full(count, 0.1)
    )
    return Outcomes(beliefs, metric, numbers < near * count)


def test_intervals_are_widened_until_four_in_five_hold():
    # Errors are even between 0 and .2, twice the half width of .1: the 80 % quantile is 1.6.
    fitted = Calibration.fit([task_of(0.2)] * 3)
    assert fitted.spread == pytest.approx(1.6, abs=0.05)
    assert fitted.interval(np.array([0.5]), np.array([0.6])) == pytest.approx([0.66], abs=0.01)
    assert Calibration.fit([task_of(0.05)] * 3).spread < 1


def test_probabilities_that_are_too_low_are_raised():
    fitted = Calibration.fit([task_of(0.2)] * 3)
    assert fitted.probability(np.array([0.1]))[0] == pytest.approx(0.5, abs=0.05)
    assert RAW.probability(np.array([0.1, 0.9])) == pytest.approx([0.1, 0.9])


def test_few_families_teach_nothing_and_leave_intervals_wide():
    assert Calibration.fit([task_of(0.01)] * 2) == Calibration()
    assert Calibration().spread > 1


def test_an_outcome_that_is_always_the_same_leaves_probabilities_alone():
    fitted = Calibration.fit([task_of(0.2, near=0.0)] * 3)
    assert (fitted.slope, fitted.intercept) == (1, 0)


def test_beliefs_that_say_the_opposite_are_replaced_by_the_base_rate():
    def misled(count=40):
        near = np.arange(count) < 0.3 * count
        beliefs = replace(task_of(0.2, count).beliefs, probability=np.where(near, 0.1, 0.6))
        return replace(task_of(0.2, count), beliefs=beliefs, near_best=near)

    fitted = Calibration.fit([misled()] * 3)
    assert fitted.probability(np.array([0.1, 0.6])) == pytest.approx([0.3, 0.3])


def test_calibration_error_by_hand():
    probability = np.array([0.05, 0.05, 0.95, 0.95])
    assert expected_calibration_error(probability, np.array([0, 0, 1, 1])) == pytest.approx(0.05)
    assert expected_calibration_error(probability, np.array([1, 1, 1, 1])) == pytest.approx(0.5)


def test_the_table_pools_all_and_then_shows_each_task():
    rows = pd.concat(
        [beliefs_frame(task_of(0.05), task="a"), beliefs_frame(task_of(0.2), task="b")]
    )
    table = calibration(rows).set_index("task")
    assert list(table.index) == ["all", "a", "b"]
    assert table["coverage"].tolist() == pytest.approx([0.75, 1, 0.5])
    assert table["near_best"].tolist() == pytest.approx([0.5] * 3)
    assert calibration(pd.DataFrame()).empty


def test_beliefs_about_tasks_like_the_sources_can_be_trusted():
    found = []
    for number in range(20, 32):
        table = synthetic_task(number)
        one = outcomes(table, TableEnvironment(table), quick_encoder(), cost=1.5, seed=number)
        found.append(beliefs_frame(one, task=table.info.task))
    pooled = calibration(pd.concat(found)).iloc[0]
    assert 0.6 <= pooled["coverage"] <= 0.95
    assert pooled["calibration_error"] <= 0.12


def test_a_study_is_judged_by_the_beliefs_that_were_paid_for(digits, load):
    beliefs = study_beliefs([digits, load])
    assert set(beliefs["cost"]) == {2.0}  # not the one before, nor what was beyond the budget
    overall, *per_task = calibration(beliefs).to_dict("records")
    assert (overall["task"], overall["candidates"], overall["coverage"]) == ("all", 4, 0.5)
    assert [row["task"] for row in per_task] == ["digits-cnn", "load-lstm"]


def test_without_beliefs_there_is_nothing_to_judge(digits):
    nothing = replace(digits, beliefs=digits.beliefs.iloc[:0])
    assert calibration(study_beliefs([nothing])).empty
