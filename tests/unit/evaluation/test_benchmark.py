import numpy as np
import pytest

from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.evaluation.benchmark import folds, replay_fold, summarise
from probecast.study.sections import ReplaySettings


def tables():
    """Three tasks of two epochs; the best is .1, .1 and .3."""
    return [
        small_table({0.1: [0.2, a], 0.2: [0.2, b], 0.3: [0.2, c]}, task=f"{name}-cnn", family=name)
        for name, a, b, c in [("a", 0.9, 0.5, 0.1), ("b", 0.9, 0.5, 0.1), ("c", 0.5, 0.1, 0.9)]
    ]


def fold(held_out, **settings):
    return replay_fold(tables(), held_out, ReplaySettings(**settings), seed=0)[0]


def test_up_to_20_tasks_are_held_out_one_by_one_and_more_in_ten_groups():
    assert folds(["b", "a"]) == [["a"], ["b"]]
    assert len(folds([f"t{i:03}" for i in range(20)])) == 20
    many = [f"t{i:03}" for i in range(120)]
    assert folds(many)[0] == many[:12]
    assert [len(fold) for fold in folds(many)] == [12] * 10
    assert [task for fold in folds(many[:21]) for task in fold] == many[:21]
    with pytest.raises(ProbecastError, match="at least 2"):
        folds(["a"])


def test_a_fold_learns_from_the_other_tasks_only():
    runs = fold(["c-cnn"], methods=["best_average"], costs=[1])
    assert runs["regret"].tolist() == pytest.approx([0.5])  # .1 is best on a and b
    together = fold(["b-cnn", "c-cnn"], methods=["best_average"], costs=[1])
    assert together["regret"].tolist() == pytest.approx([0, 0.5])


def test_tuners_that_cannot_work_are_left_out_and_the_log_says_why(caplog):
    lone = small_table({0.7: [0.2, 0.9], 0.8: [0.2, 0.5]}, task="d-cnn", family="d")
    settings = ReplaySettings(methods=["portfolio", "probecast"], costs=[1, 2])
    with caplog.at_level("WARNING", "probecast"):
        runs = replay_fold([*tables(), lone], ["d-cnn"], settings, seed=0)[0]
    assert set(runs["method"]) == {"probecast"}  # which needs no configuration in common
    assert "portfolio: left out: d-cnn: none of the 3 source tables" in caplog.text


def test_regret_of_a_recommendation_trained_anew_is_that_of_the_money_left():
    # Under 3 the portfolio has run two candidates; trained anew, it may have run but one more.
    runs = fold(["c-cnn"], methods=["portfolio"], costs=[1, 2, 3]).set_index("cost")
    assert runs["regret"].tolist() == pytest.approx([0.5, 0.5, 0])
    assert runs["regret_from_scratch"].tolist() == pytest.approx([0.5, 0.5, 0.5])
    assert not runs["within_5pct_from_scratch"].any()


def test_noise_is_what_a_tuner_sees_and_outcomes_are_true():
    runs = fold(["a-cnn"], methods=["grid"], costs=[3], noise=10.0, seeds=30)
    assert runs["repetition"].nunique() == 30
    assert set(runs["regret"].round(6)) == {0, 0.5, 1}
    assert runs.equals(fold(["a-cnn"], methods=["grid"], costs=[3], noise=10.0, seeds=30))


def test_the_summary_is_over_tasks_not_repetitions():
    runs = fold(["a-cnn", "c-cnn"], methods=["grid", "random"], costs=[1, 3], seeds=4)
    summary = summarise(runs, seed=0).set_index(["method", "cost"])
    assert summary.loc[("grid", 1.0)].to_dict() == pytest.approx(
        {
            "task_count": 2,
            "regret_mean": 0.25,
            "regret_ci_low": 0,
            "regret_ci_high": 0.5,
            "within_5pct": 0.5,
            "base_rate_5pct": 1 / 3,
        }
    )
    of_tasks = runs[(runs["method"] == "random") & (runs["cost"] == 1)].groupby("task")["regret"]
    assert summary.loc[("random", 1.0), "regret_mean"] == pytest.approx(of_tasks.mean().mean())
    assert np.isnan(summarise(runs[runs["task"] == "a-cnn"], 0)["regret_ci_low"]).all()
