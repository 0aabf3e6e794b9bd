import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from probecast.evaluation.choices import Choice
from probecast.evaluation.headline import read_headline
from probecast.evaluation.scores import epochs_to_convergence, score
from probecast.regret import gap, regret, within
from probecast.space import config_id

A, B, C = (config_id({"learning_rate": rate, "optimizer": "Adam"}) for rate in (0.1, 0.01, 0.001))


@pytest.fixture
def scored(digits, load):
    return score([digits, load], study="by_hand", seed=0)


def of(scores: pd.DataFrame, task: str) -> pd.DataFrame:
    return scores[scores["task"] == task].set_index("role")


def test_accuracy_by_hand(scored):
    rows = of(scored[0], "digits-cnn")
    # grid: A, tests .905 and .935; predicted and random: B, .88 twice; default: C, floor .1 and .7
    assert rows["test_mean"].to_dict() == pytest.approx(
        {"predicted": 0.88, "grid": 0.92, "random": 0.88, "default": 0.40}
    )
    assert rows["test_error"].to_dict() == pytest.approx(
        {"predicted": 0.0, "grid": 0.015, "random": 0.0, "default": 0.30}
    )
    assert rows["diverged"].to_dict() == {"predicted": 0, "grid": 0, "random": 0, "default": 1}
    # (.92 - .88) / .92 = 4.3 %
    assert rows.loc["predicted", "gap"] == pytest.approx(0.04 / 0.92)
    assert rows["within_5pct"].to_dict() == {
        "predicted": True,
        "grid": True,
        "random": True,
        "default": False,
    }
    assert not rows.loc["predicted", "within_1pct"]
    # Bar at .95 x .92 = .874: of the sweep's .88, .87 and the floor only the first makes it.
    assert rows["base_rate_5pct"].unique() == pytest.approx([1 / 3])
    assert rows["base_rate_1pct"].unique() == pytest.approx([0])
    assert not rows["saturated"].any()
    # By seed, B falls .025 and .055 short of A, C .805 and .235: the errors are half of .03 and
    # of .57. The first difference exceeds twice its error, the second, of two seeds, does not.
    assert rows["gap_error"].to_dict() == pytest.approx(
        {"predicted": 0.015 / 0.92, "grid": 0, "random": 0.015 / 0.92, "default": 0.285 / 0.92}
    )
    assert rows["tie"].to_dict() == {
        "predicted": False,
        "grid": True,
        "random": False,
        "default": True,
    }
    # The default reaches .40; by seed B is .78 and .18 better.
    assert rows["gain"].to_dict() == pytest.approx(
        {"predicted": 1.2, "grid": 1.3, "random": 1.2, "default": 0}
    )
    assert rows.loc["predicted", "gain_error"] == pytest.approx(0.30 / 0.40)
    assert not rows["worse_than_default"].any()
    assert set(rows["weak_reference"]) == {""}
    assert rows["chosen_from"].to_dict() == {"predicted": 3, "grid": 3, "random": 3, "default": 1}
    # Validation beside test: B ends at .90 twice.
    assert (rows.loc["predicted", "val_mean"], rows.loc["predicted", "val_error"]) == (0.9, 0)
    # Best retrained .92, floor .1.
    assert rows["regret"].to_dict() == pytest.approx(
        {"predicted": 0.04 / 0.82, "grid": 0, "random": 0.04 / 0.82, "default": 0.52 / 0.82}
    )


def test_epochs_seconds_and_flops_by_hand(scored):
    rows = of(scored[0], "digits-cnn")
    # A: seed 7 converges in epoch 2, seed 8 in epoch 1 (.895 >= .99 x .90); of C only seed 8
    # counts, which has its best from the start.
    assert rows["epochs_to_convergence"].to_dict() == {
        "predicted": 2,
        "grid": 1.5,
        "random": 2,
        "default": 1,
    }
    assert (rows["training_seconds"] == 4).all()
    assert (rows["training_flops"] == 20).all()


def test_total_costs_by_hand(scored):
    rows = of(scored[0], "digits-cnn")
    assert rows["cost_full_runs"].to_dict() == {
        "predicted": 2,
        "grid": 3,
        "random": 2,
        "default": 1,
    }
    assert rows["cost_epochs"].to_dict() == {"predicted": 4, "grid": 6, "random": 4, "default": 2}
    seconds = rows["cost_seconds"].to_dict()
    # The sweep ran 2 + 2 + 2 epochs of 2 s; what a replayed tuner would have taken is unknown.
    assert np.isnan(seconds.pop("random"))
    assert seconds == {"predicted": 8, "grid": 12, "default": 4}
    assert rows["cost_ratio_grid"].to_dict() == {
        "predicted": 1.5,
        "grid": 1,
        "random": 1.5,
        "default": 3,
    }
    # To reach .88 random search needs A (test .88), one of three: 2 draws on average. .92 is
    # never reached: 3 as a lower bound. .40 is reached with the first of A and B: 4/3 draws.
    assert rows["cost_ratio_random"].to_dict() == pytest.approx(
        {"predicted": 2 / 2, "grid": 3 / 3, "random": 2 / 2, "default": 4 / 3}
    )
    assert rows["random_never_reaches"].to_dict() == {
        "predicted": False,
        "grid": True,
        "random": False,
        "default": False,
    }


def test_a_diverged_choice_is_no_hit_where_the_trivial_predictor_is_better_than_all(load):
    strong = replace(load.sweep.info, floor_val=0.3, floor_test=0.3)
    frame = load.final.frame.copy()
    last = (frame["config_id"] == load.choices["default"].config_id) & (frame["epoch"] == 2)
    frame.loc[last, ["val_metric", "test_metric"]] = float("nan")
    frame.loc[last, "status"] = "diverged"
    changed = replace(
        load,
        sweep=replace(load.sweep, info=strong),
        final=replace(load.final, info=strong, frame=frame),
    )
    rows = of(score([changed], "by_hand", 0)[0], "load-lstm")
    assert rows.loc["grid", "regret"] == 0
    assert not rows.loc["default", "within_5pct"]
    assert rows.loc["default", "regret"] == 1


def test_no_name_of_a_hyperparameter_is_taken(digits):
    def renamed(table):
        names = ["seeds" if name == "optimizer" else name for name in table.hyperparameters]
        return replace(
            table, hyperparameters=names, frame=table.frame.rename(columns={"optimizer": "seeds"})
        )

    choices = {
        role: Choice({"learning_rate": c.configuration["learning_rate"], "seeds": "Adam"}, c.cost)
        for role, c in digits.choices.items()
    }
    ids = {c.config_id: choices[role].config_id for role, c in digits.choices.items()}
    tables = {}
    for name in ("sweep", "final"):
        table = renamed(getattr(digits, name))
        frame = table.frame.assign(config_id=table.frame["config_id"].astype(str).replace(ids))
        tables[name] = replace(table, frame=frame)
    rows = of(score([replace(digits, choices=choices, **tables)], "by_hand", 0)[0], "digits-cnn")
    assert rows.loc["grid", "configuration.seeds"] == "Adam"
    assert rows.loc["grid", "seeds"] == 2


def test_errors_by_hand(scored):
    rows = of(scored[0], "load-lstm")
    assert rows["gap"].to_dict() == pytest.approx(
        {"predicted": 0.2, "grid": 0, "random": 0.2, "default": 0.04}
    )
    assert rows["within_5pct"].to_dict() == {
        "predicted": False,
        "grid": True,
        "random": False,
        "default": True,
    }
    # 1.02 and 1.03 lie within 5 % of 1.0, 1.2 does not: two of three, so the task is saturated.
    assert rows["base_rate_5pct"].unique() == pytest.approx([2 / 3])
    assert rows["saturated"].all()
    # (1.2 - 1.0) / (2.0 - 1.0)
    assert rows["regret"].to_dict() == pytest.approx(
        {"predicted": 0.2, "grid": 0, "random": 0.2, "default": 0.04}
    )
    assert set(rows["reference"]) == {"sampled reference"}
    assert set(rows["reference_size"]) == {3}
    # (1.04 - 1.2) / 1.04, the same with both seeds.
    assert rows["gain"].to_dict() == pytest.approx(
        {"predicted": -0.16 / 1.04, "grid": 0.04 / 1.04, "random": -0.16 / 1.04, "default": 0}
    )
    assert rows["worse_than_default"].to_dict() == {
        "predicted": True,
        "grid": False,
        "random": True,
        "default": False,
    }
    assert set(rows["weak_reference"]) == {"a sample of only 3 configurations"}


def test_headline_by_hand(scored):
    headline = scored[2].model_dump()
    assert headline.pop("tasks") == ["digits-cnn", "load-lstm"]
    assert headline.pop("saturated_tasks") == ["load-lstm"]
    assert headline.pop("weak_reference_tasks") == ["load-lstm"]
    assert headline == pytest.approx(
        {
            "gain_over_default": (1.2 - 0.16 / 1.04) / 2,
            "worse_than_default_rate": 0.5,
            "hit_rate_5pct": 1.0,  # of digits-cnn alone
            "hit_rate_1pct": 0.0,
            "base_rate_5pct": 1 / 3,
            "default_hit_rate_5pct": 0.0,
            "best_average_hit_rate_5pct": None,
            "portfolio_hit_rate_5pct": None,
            "cost_ratio_grid": 1.5,
            # digits-cnn: 2 draws over cost 2. load-lstm: any first draw is as good as 1.2.
            "cost_ratio_random": (2 / 2 + 1 / 2) / 2,
            "mean_regret": (0.04 / 0.82 + 0.2) / 2,
            "seeds": 2,
            "reference": "sampled reference",
            "study": "by_hand",
        }
    )


def test_a_study_of_saturated_tasks_has_null_rates(load, tmp_path):
    _, summary, headline = score([load], study="saturated", seed=0)
    headline.write(tmp_path / "headline.json")
    assert read_headline(tmp_path / "headline.json") == headline
    read = json.loads((tmp_path / "headline.json").read_text())
    assert read["hit_rate_5pct"] is None
    assert read["base_rate_5pct"] is None
    assert read["mean_regret"] == pytest.approx(0.2)
    assert summary["hit_rate_5pct"].isna().all()
    assert summary["regret_ci_low"].isna().all()  # one family


def test_summary_by_hand(scored):
    summary = scored[1].set_index("role")
    assert list(summary.index) == ["predicted", "grid", "random", "default"]
    assert summary["task_count"].unique() == [2]
    assert summary["unsaturated_count"].unique() == [1]
    assert summary.loc["default", "regret_mean"] == pytest.approx((0.52 / 0.82 + 0.04) / 2)
    assert summary.loc["predicted", "regret_ci_low"] == pytest.approx(0.04 / 0.82)
    assert summary.loc["predicted", "regret_ci_high"] == pytest.approx(0.2)
    assert summary.loc["random", "wilcoxon_p"] == 1  # the same configurations
    assert summary.loc["predicted", "gain_median"] == pytest.approx((1.2 - 0.16 / 1.04) / 2)
    assert summary.loc["predicted", "worse_than_default_rate"] == 0.5
    assert summary.loc["default", ["gain_median", "worse_than_default_rate"]].isna().all()


def ending(table, ends):
    """The table with other last values: configuration -> one per seed."""
    frame = table.frame.copy()
    frame["config_id"] = frame["config_id"].astype(str)
    for identity, values in ends.items():
        own = frame["config_id"] == identity
        for seed, value in zip((7, 8), values, strict=True):
            last = own & (frame["seed"] == seed) & (frame["epoch"] == 2)
            frame.loc[last, ["val_metric", "test_metric"]] = value
            frame.loc[last, "status"] = "ok"
    return replace(table, frame=frame)


def rows_with(task, ends):
    scores, *_ = score([replace(task, final=ending(task.final, ends))], "by_hand", 0)
    return of(scores, task.info.task)


def test_a_clear_gain_is_no_tie_however_rough_the_reference_is(digits):
    """Grid search's choice comes to half as much with one seed as with the other."""
    rows = rows_with(digits, {A: [0.5, 0.25], B: [0.95, 0.95]})
    assert rows.loc["predicted", "gap"] == pytest.approx(-0.575 / 0.375)
    assert not rows.loc["predicted", "tie"]


def test_what_seeds_share_cancels_in_a_difference(digits):
    """Both vary by .2 from seed to seed, but A is always .02 ahead."""
    rows = rows_with(digits, {A: [0.7, 0.9], B: [0.68, 0.88]})
    assert rows.loc["predicted", "gap_error"] == pytest.approx(0)
    assert not rows.loc["predicted", "tie"]
    assert rows_with(digits, {A: [0.7, 0.9], B: [0.73, 0.88]}).loc["predicted", "tie"]


def test_hits_beside_a_sample_are_counted_against_the_best_choice_of_any_method(load):
    """A is 20 % better than the best of three, and so what all others are held against."""
    rows = rows_with(load, {A: [0.8, 0.8], B: [1.0, 1.0], C: [1.0, 1.0]})
    assert rows["gap"].to_dict() == pytest.approx(
        {"predicted": -0.2, "grid": 0, "random": -0.2, "default": 0}
    )
    assert rows["behind"].to_dict() == pytest.approx(
        {"predicted": 0, "grid": 0.25, "random": 0, "default": 0.25}
    )
    assert rows["within_5pct"].to_dict() == {
        "predicted": True,
        "grid": False,
        "random": True,
        "default": False,
    }
    assert set(rows["base_rate_5pct"]) == {0}


def test_a_reference_that_is_no_better_than_the_default_or_the_trivial_predictor_is_weak(digits):
    default = rows_with(digits, {A: [0.8, 0.8], C: [0.8, 0.8]})
    assert set(default["weak_reference"]) == {"no better than the default"}
    trivial = rows_with(digits, {A: [0.105, 0.105], C: [0.05, 0.05]})
    assert set(trivial["weak_reference"]) == {"hardly better than the trivial predictor"}
    assert trivial.loc["predicted", "within_5pct"]


def test_with_one_seed_a_tie_cannot_be_told(digits):
    frame = digits.final.frame
    single = replace(digits.final, frame=frame[frame["seed"] == 7])
    scores, _, headline = score([replace(digits, final=single)], study="one_seed", seed=0)
    tie = of(scores, "digits-cnn")["tie"]
    assert tie["grid"]
    assert pd.isna(tie["predicted"])
    assert headline.seeds == 1


def test_gap_and_within_at_the_edge():
    assert within(0.95, 1.0, 0.05, higher_is_better=True)
    assert not within(0.9499, 1.0, 0.05, higher_is_better=True)
    assert within(1.05, 1.0, 0.05, higher_is_better=False)
    assert not within(1.0501, 1.0, 0.05, higher_is_better=False)
    assert gap(1.2, 1.0, higher_is_better=True) == pytest.approx(-0.2)
    # A word error rate of 0 can only be equalled.
    assert gap([0.0, 0.1], 0.0, higher_is_better=False).tolist() == [0, np.inf]


def test_regret_where_nothing_beats_the_trivial_predictor():
    assert regret([0.1, 0.05], 0.1, 0.1, higher_is_better=True).tolist() == [0, 1]
    assert regret([2.5, 3.0], 2.5, 2.0, higher_is_better=False).tolist() == [0, 1]
    assert regret([5.0], 1.0, 2.0, higher_is_better=False).tolist() == [1]  # worse than trivial


def test_epochs_to_convergence_of_errors():
    curves = np.array([[2.0, 1.01, 1.0], [1.0, 1.5, 2.0], [1.0, np.nan, np.nan]])
    epochs = epochs_to_convergence(curves, higher_is_better=False)
    np.testing.assert_array_equal(epochs, [2, 1, np.nan])
