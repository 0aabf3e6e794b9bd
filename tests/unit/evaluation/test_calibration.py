from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kit.synthetic import quick_encoder, synthetic_task
from kit.tables import small_table
from probecast.evaluation.calibration import (
    BELIEF_COLUMNS,
    COLUMNS,
    calibration,
    expected_calibration_error,
    keep_beliefs,
)
from probecast.evaluation.replay import replay
from probecast.evaluation.results import study_beliefs
from probecast.learner.calibration import (
    NARROWEST,
    RAW,
    UNKNOWN_SPREAD,
    WIDEST,
    WORTH,
    Calibration,
    Outcome,
)
from probecast.learner.outcomes import judged, outcome
from probecast.learner.tuner import ProbecastTuner
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuners.one_epoch import TUNER as OneEpoch
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Belief, Problem

FAMILIES = 4


def made_up(error: float, number: int = 0, **changes) -> Outcome:
    """Believed at .5, between .4 and .7; ended so many half widths above."""
    belief = Belief(0.5, 0.4, 0.7, changes.pop("probability", 0.1), ())
    end = 0.2 if error > 0 else 0.1
    return Outcome(
        f"f{number % FAMILIES}",
        belief,
        changes.pop("finished", True),
        0.5 + error * end,
        changes.pop("near_best", number % 2 == 0),
    )


def many(error: float, count: int = 400, **changes) -> list[Outcome]:
    """Errors are even between 0 and ``error`` half widths, on both sides."""
    sides = np.where(np.arange(count) % 4 < 2, 1, -1)
    errors = error * sides * (np.arange(count) + 1) / count
    return [made_up(e, number, **changes) for number, e in enumerate(errors)]


def test_an_error_is_counted_in_half_widths_of_its_side():
    assert made_up(0.5).error() == pytest.approx(0.5)
    assert made_up(-2.0).error() == pytest.approx(2.0)
    exact = replace(made_up(0.0), belief=Belief(0.5, 0.5, 0.5, 0.1, ()))
    assert exact.error() == 0


def test_intervals_are_widened_until_four_in_five_hold():
    # Errors are even between 0 and twice the half width: the 80 % quantile is 1.6.
    fitted = Calibration.fit(many(2.0))
    assert fitted.finished == pytest.approx(1.6, abs=0.02)
    middle, end = np.array([0.5]), np.array([0.6])
    assert fitted.interval(middle, end, finished=True) == pytest.approx([0.66], abs=0.005)
    assert Calibration.fit(many(0.5)).finished == pytest.approx(0.4, abs=0.01)


def test_what_was_seen_to_its_end_and_what_was_not_have_factors_of_their_own():
    fitted = Calibration.fit([*many(2.0), *many(0.5, finished=False)])
    assert fitted.finished == pytest.approx(1.6, abs=0.02)
    assert fitted.unfinished == pytest.approx(0.4, abs=0.01)
    middle, end = np.array([0.5]), np.array([0.6])
    assert fitted.interval(middle, end, finished=False) == pytest.approx([0.54], abs=0.005)
    nothing_seen = Calibration.fit(many(0.5))
    assert nothing_seen.unfinished == UNKNOWN_SPREAD


def test_few_outcomes_are_drawn_to_what_is_thought_without_any():
    # As many as that is worth: half way, on a logarithmic scale.
    few = [made_up(0.5, number) for number in range(int(WORTH))]
    assert Calibration.fit(few).finished == pytest.approx((0.5 * UNKNOWN_SPREAD) ** 0.5)
    assert Calibration.fit(few * 100).finished == pytest.approx(0.5, abs=0.01)


def test_no_factor_is_beyond_reason():
    assert Calibration.fit(many(1000.0)).finished == WIDEST
    exact = [made_up(0.0, number) for number in range(1000)]
    assert Calibration.fit(exact).finished == pytest.approx(NARROWEST, rel=0.02)


def test_probabilities_that_are_too_low_are_raised():
    fitted = Calibration.fit(many(2.0))  # said .1 of all, came true of half
    assert fitted.probability(np.array([0.1]))[0] == pytest.approx(0.5, abs=0.05)
    assert RAW.probability(np.array([0.1, 0.9])) == pytest.approx([0.1, 0.9])


def test_few_families_teach_nothing_and_leave_intervals_wide():
    two = [replace(o, family=f"f{n % 2}") for n, o in enumerate(many(0.1))]
    assert Calibration.fit(two) == Calibration.fit([]) == Calibration()
    assert Calibration().finished == Calibration().unfinished > 1


def test_an_outcome_that_is_always_the_same_leaves_room_for_others():
    few = [made_up(0.5, number, near_best=True, probability=0.6) for number in range(8)]
    (said,) = Calibration.fit(few).probability(np.array([0.6]))
    assert 0.6 < said < 0.9


def test_a_few_surprises_do_not_overturn_what_is_thought_of_probabilities():
    one = [made_up(0.5, number, near_best=False, probability=0.9) for number in range(3)]
    (said,) = Calibration.fit(one).probability(np.array([0.9]))
    assert 0.5 < said < 0.9
    (often,) = Calibration.fit(one * 100).probability(np.array([0.9]))
    assert often < 0.1


def test_beliefs_that_say_the_opposite_are_replaced_by_the_base_rate():
    near = [made_up(0.5, number, near_best=True, probability=0.1) for number in range(30)]
    far = [made_up(0.5, number, near_best=False, probability=0.6) for number in range(70)]
    fitted = Calibration.fit([*near, *far])
    low, high = fitted.probability(np.array([0.1, 0.6]))
    assert low == pytest.approx(0.3, abs=0.1)
    assert low <= high == pytest.approx(0.3, abs=0.1)


class Recommends:
    """A tuner that recommends one learning rate."""

    def __init__(self, rate: float, finished: bool = True) -> None:
        self.rate, self.was_finished = rate, finished

    def recommend(self):
        return {"learning_rate": self.rate}, Belief(0.5, 0.4, 0.7, 0.1, ())

    def finished(self, configuration):
        return self.was_finished


def with_seeds(*curves: dict[float, list[float]], **changes) -> TrialTable:
    """Seeds 1, 2 and so on of one task."""
    tables = [small_table(c, seed=seed, **changes) for seed, c in enumerate(curves, start=1)]
    frame = pd.concat([table.frame for table in tables])
    frame = frame.sort_values(["config_id", "seed", "epoch"], ignore_index=True)
    return replace(tables[0], frame=frame)


def test_a_recommendation_is_judged_by_other_seeds_where_the_table_has_some():
    """The seed that was probed may have been lucky."""
    lucky, fresh, again = (
        {0.1: [0.9], 1.0: [0.8]},
        {0.1: [0.5], 1.0: [0.9]},
        {0.1: [0.7], 1.0: [0.9]},
    )
    found = judged(Recommends(0.1), with_seeds(lucky, fresh, again), seed=1)
    assert found.metric == pytest.approx(0.6)
    assert not found.near_best
    alone = judged(Recommends(0.1, finished=False), with_seeds(lucky), seed=1)
    assert alone.metric == pytest.approx(0.9)
    assert alone.near_best
    assert (found.finished, alone.finished) == (True, False)
    assert found.family == "toy"


@pytest.mark.parametrize(("metric", "near"), [(0.86, True), (0.85, False)])
def test_near_is_within_five_per_cent_of_the_best_that_could_be_seen(metric, near):
    table = with_seeds({0.1: [0.2], 1.0: [0.9]}, {0.1: [metric], 1.0: [0.99]})
    assert judged(Recommends(0.1), table, seed=1).near_best == near


def test_a_diverged_recommendation_is_worth_the_floor_and_an_error_is_better_small():
    diverged = with_seeds({0.1: [float("nan")], 1.0: [0.9]})
    assert judged(Recommends(0.1), diverged, seed=1).metric == pytest.approx(0.1)
    changes = {"metric": "mse", "higher_is_better": False, "floor": 2.0}
    errors = with_seeds({0.1: [0.50], 1.0: [0.49], 10.0: [1.9]}, **changes)
    assert judged(Recommends(0.1), errors, seed=1).near_best
    assert not judged(Recommends(10.0), errors, seed=1).near_best


def test_a_finished_table_is_played_as_a_new_task():
    table = synthetic_task(20)
    found = outcome(table, quick_encoder(), cost=2.0, seed=3)
    assert found.family == "f20"
    assert found.metric in table.with_floor("val_metric")[5].tolist()
    assert found.belief.low <= found.belief.expected_metric <= found.belief.high
    assert outcome(table, quick_encoder(), cost=2.0, seed=3) == found


def test_calibration_error_by_hand():
    probability = np.array([0.05, 0.05, 0.95, 0.95])
    assert expected_calibration_error(probability, np.array([0, 0, 1, 1])) == pytest.approx(0.05)
    assert expected_calibration_error(probability, np.array([1, 1, 1, 1])) == pytest.approx(0.5)


def by_hand() -> pd.DataFrame:
    """Three recommendations for a, whose values range over .5, and one for b, over 2."""
    return pd.DataFrame(
        [
            ("a", 1.0, 0, 0.5, 0.4, 0.6, 0.9, 0.55, True, 0.5),
            ("a", 1.0, 1, 0.5, 0.3, 0.6, 0.4, 0.70, False, 0.5),
            ("a", 2.0, 0, 0.5, 0.4, 0.5, 0.6, 0.50, True, 0.5),
            ("b", 2.0, 0, 1.0, 0.0, 4.0, 0.2, 2.00, False, 2.0),
        ],
        columns=BELIEF_COLUMNS,
    )


def test_the_table_pools_all_and_then_shows_each_task():
    table = calibration(by_hand()).set_index("task")
    assert [table.index.name, *table.columns] == COLUMNS
    assert list(table.index) == ["all", "a", "b"]
    assert table["recommendations"].tolist() == [4, 3, 1]
    assert table["coverage"].tolist() == pytest.approx([3 / 4, 2 / 3, 1])
    # Widths are .4, .6, .2 and 2 ranges, errors .1, .4, 0 and .5.
    assert table["width"].tolist() == pytest.approx([0.5, 0.4, 2])
    assert table["error"].tolist() == pytest.approx([0.25, 0.1, 0.5])
    # Each in a bin of its own, off by .1, .4, .4 and .2.
    assert table["calibration_error"].tolist() == pytest.approx([1.1 / 4, 0.9 / 3, 0.2])
    assert table["mean_probability"].tolist() == pytest.approx([2.1 / 4, 1.9 / 3, 0.2])
    assert table["near_best"].tolist() == pytest.approx([1 / 2, 2 / 3, 0])
    # Squares: .01, .16, .16 and .04, where the base rate alone makes .25 (of a: 2/9).
    assert table["skill"].tolist()[:2] == pytest.approx([1 - 0.37 / 4 / 0.25, 1 - 0.11 / (2 / 9)])
    assert table["area"].tolist()[:2] == [1, 1]


def test_where_all_came_out_alike_nothing_is_told_apart():
    table = calibration(by_hand()).set_index("task")
    assert table.loc["b", ["skill", "area"]].isna().all()
    turned = by_hand().assign(probability=lambda b: 1 - b["probability"])
    (overall, *_) = calibration(turned).to_dict("records")
    assert overall["area"] == 0
    assert overall["skill"] < 0


def test_the_table_can_be_by_something_else():
    table = calibration(by_hand(), by="cost")
    assert list(table.columns) == ["cost", *COLUMNS[1:]]
    assert table["cost"].tolist() == ["all", 1, 2]
    assert table["recommendations"].tolist() == [4, 2, 2]
    assert table["coverage"].tolist() == pytest.approx([3 / 4, 1 / 2, 1])
    assert list(calibration(pd.DataFrame(), by="cost").columns) == list(table.columns)


def test_values_that_are_all_the_same_have_no_range_to_compare_with():
    flat = by_hand().assign(range=[0.5, 0.5, 0.5, 0.0])
    table = calibration(flat).set_index("task")
    assert table.loc["b", ["width", "error"]].isna().all()
    assert table.loc["all", "width"] == pytest.approx(0.4)


def test_a_belief_is_judged_by_other_seeds_than_the_one_that_was_bought():
    table, kept = synthetic_task(20), []
    least = table.frame.assign(seed=-1, val_metric=table.frame["val_metric"] / 2)
    few = least[least["config_id"].isin(sorted(set(least["config_id"]))[:-1])]
    both = replace(table, frame=pd.concat([few, table.frame], ignore_index=True))
    problem = Problem(table.info, TableEnvironment(both).candidates, 2.0, encoder=quick_encoder())
    tuner = ProbecastTuner(problem)
    run(tuner, TableEnvironment(both), 2.0)
    keep_beliefs(kept, both, tuner, 2.0, 0)
    (metric,) = kept[0]["metric"]
    identity = config_id(tuner.choice())
    names = {config_id(c): name for name, c in both.configurations().items()}
    bought = TableEnvironment(both).advance(tuner.choice(), table.info.epochs).curve[-1]
    assert names[identity] in set(few["config_id"])
    assert metric == pytest.approx(bought / 2)


def test_what_ours_believes_after_each_run_is_kept_and_of_others_nothing():
    table, kept = synthetic_task(20), []
    problem = Problem(table.info, TableEnvironment(table).candidates, 2.0, encoder=quick_encoder())
    ours, other = ProbecastTuner(problem), OneEpoch(problem)
    for tuner in (ours, other):
        run(tuner, TableEnvironment(table), 2.0)
        keep_beliefs(kept, table, tuner, 2.0, 3)
    (frame,) = kept
    (row,) = frame.to_dict("records")
    configuration, belief = ours.recommend()
    ends = table.with_floor("val_metric")[5]
    assert tuple(row) == BELIEF_COLUMNS
    assert (row["task"], row["cost"], row["repetition"]) == ("t20-cnn", 2.0, 3)
    assert (row["low"], row["expected"], row["high"]) == (
        *(belief.low, belief.expected_metric),
        belief.high,
    )
    assert row["probability"] == belief.probability_within_5pct
    assert row["range"] == pytest.approx(ends.max() - ends.min())
    identity = next(i for i, c in table.configurations().items() if c == configuration)
    assert row["metric"] == pytest.approx(ends[identity].item())
    assert row["near_best"] == (row["metric"] >= 0.95 * ends.max())


def test_beliefs_about_tasks_like_the_sources_can_be_trusted():
    found = []
    for number in range(20, 32):
        table, kept = synthetic_task(number), []

        def watch(tuner, cost, repetition, kept=kept, table=table):
            keep_beliefs(kept, table, tuner, cost, repetition)

        replay(table, [], quick_encoder(), ["probecast"], [1.5, 2, 3], 1, number, watch=watch)
        found += kept
    pooled = calibration(pd.concat(found)).iloc[0]
    assert pooled["recommendations"] == 36
    assert pooled["coverage"] >= 0.6
    assert pooled["width"] <= 1
    assert pooled["calibration_error"] <= 0.25


def test_a_study_is_judged_by_the_beliefs_that_were_paid_for(digits, load):
    """Both at the costs that the prediction could pay, not what was beyond it."""
    beliefs = study_beliefs([digits, load])
    assert beliefs["cost"].tolist() == [1.0, 2.0, 2.0] * 2
    overall, *per_task = calibration(beliefs).to_dict("records")
    assert (overall["task"], overall["recommendations"]) == ("all", 6)
    assert overall["coverage"] == pytest.approx(1 / 3)
    assert [row["task"] for row in per_task] == ["digits-cnn", "load-lstm"]


def test_without_beliefs_there_is_nothing_to_judge(digits):
    nothing = replace(digits, beliefs=digits.beliefs.iloc[:0])
    assert calibration(study_beliefs([nothing])).empty
