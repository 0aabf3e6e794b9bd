import math
import re

import numpy as np
import pandas as pd
import pytest

from probecast.evaluation.statistics import wilson_interval
from probecast.finetuning.table import (
    against_prediction,
    hyperparameters_of,
    in_markdown,
    summarise,
    with_intervals,
)
from probecast.learner.recommendation import Cost
from probecast.study.finetuning import FinetuningSettings

HAND = {"learning_rate": 5e-5, "batch_size": 8, "epochs": 1, "warmup_steps": 500}
COMPARED = FinetuningSettings(
    tasks=["imdb-finetune", "sst2-finetune"],
    by_hand={"original": HAND},
    by_hand_rows=25_000,
    record={"imdb-finetune": {"imdb": 0.856}},
)
PROBE_COST = {"imdb-finetune": Cost(epochs=5, full_runs=5 / 3, seconds=50.0, flops=5e12)}
ACCURACIES = {"original": (0.80, 0.84), "predicted": (0.86, 0.90)}


def runs(**accuracies):
    return pd.DataFrame(
        [
            {
                "task": "imdb-finetune",
                "settings": settings,
                "seed": seed,
                "dataset": dataset,
                "examples": examples,
                "eval_loss": 0.4,
                "eval_accuracy": accuracy,
                "eval_runtime": 2.0,
                "eval_samples_per_second": examples / 2,
                "eval_steps_per_second": 1.0,
                "epochs": 3,
                "seconds": 30.0 + seed,
                "flops": 3e12,
                "learning_rate": 1e-4,
                "warmup_share": 0.1,
                "optimizer": "AdamW" if settings == "predicted" else None,
            }
            for settings, of in {**ACCURACIES, **accuracies}.items()
            for seed, accuracy in enumerate(of)
            for dataset, examples in (("imdb", 500), ("sst2", 872))
        ]
    )


def test_every_run_has_its_own_interval():
    frame = with_intervals(runs())
    low, high = wilson_interval(0.8, 500)
    assert frame.loc[0, ["accuracy_low", "accuracy_high"]].tolist() == [low, high]
    assert len(frame) == 8


def test_further_seeds_do_not_narrow_the_interval_of_the_mean():
    frame = summarise(runs(), PROBE_COST).set_index(["settings", "dataset"])
    row = frame.loc["predicted", "imdb"]
    assert row["eval_accuracy"] == pytest.approx(0.88)
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx(wilson_interval(0.88, 500))
    assert (row["accuracy_worst_seed"], row["accuracy_best_seed"]) == (0.86, 0.90)
    assert row["seeds"] == 2
    assert row["learning_rate"] == 1e-4


def test_only_predicted_settings_pay_for_the_probes():
    frame = summarise(runs(), PROBE_COST).set_index(["settings", "dataset"])
    by_hand, predicted = frame.loc[("original", "imdb")], frame.loc[("predicted", "imdb")]
    assert by_hand[["total_epochs", "total_seconds", "total_flops"]].tolist() == [3, 30.5, 3e12]
    assert predicted[["total_epochs", "total_seconds", "total_flops"]].tolist() == [8, 80.5, 8e12]


def test_a_model_that_diverged_leaves_no_mean():
    frame = summarise(runs(original=(0.8, np.nan)), PROBE_COST)
    row = frame[frame["settings"] == "original"].iloc[0]
    assert all(math.isnan(row[name]) for name in ("eval_accuracy", "accuracy_low"))


def test_the_page_shows_settings_costs_results_and_the_record():
    summary = summarise(runs(), PROBE_COST)
    page = in_markdown(summary, against_prediction(runs()), COMPARED, hyperparameters_of(runs()))
    page = re.sub(" +", " ", page)
    assert "| original | 3 | 0.0001 | 0.1 | default | 3 | 30 | 3.0 |" in page
    assert "| predicted | 3 | 0.0001 | 0.1 | AdamW | 8 | 80 | 8.0 |" in page
    assert "## Trained for imdb-finetune\n" in page
    assert "On imdb: 500 test rows, 2 seeds" in page
    assert "| original | 0 of 4 | 4 of 4 | +0.060 |" in page
    low, high = wilson_interval(0.88, 500)
    assert (
        f"| predicted | 0.400 | 0.880 | {low:.3f} to {high:.3f} | 0.860 to 0.900 | 2.0 |" in page
    )
    assert page.count("on record") == 1
    assert "25,000 training rows" in page


def test_the_prediction_is_held_against_each_of_the_others_seed_by_seed():
    others = runs(original=(0.80, 0.95), default=(0.86, np.nan))
    against = against_prediction(others).set_index("settings")
    assert against.loc["original", ["comparisons", "worse", "better"]].tolist() == [4, 2, 2]
    assert against.loc["original", "mean_gain"] == pytest.approx(0.005)
    # A tie is neither, and one that diverged is worse than any.
    assert against.loc["default", ["worse", "better"]].tolist() == [0, 2]
    assert against.loc["default", "mean_gain"] == 0
