from dataclasses import replace

import pytest

from probecast.errors import ProbecastError
from probecast.evaluation.choices import choose, distinct, read_choices, total_cost, write_choices
from probecast.files import write_text
from probecast.space import config_id

A, B, C = ({"learning_rate": rate, "optimizer": "Adam"} for rate in (0.1, 0.01, 0.001))


def test_every_role_gets_what_its_budget_allows(digits):
    choices = choose(digits.prediction, digits.baselines, digits.sweep, default=C)

    chosen = {role: (choice.configuration, choice.cost) for role, choice in choices.items()}
    assert chosen == {
        "predicted": (B, 2.0),
        "grid": (A, 3.0),  # three trials, the best on validation
        "random": (B, 2.0),  # repetition 0 at cost 2, although cost 3 would give A
        "portfolio": (A, 2.0),
        "best_average": (B, 1.0),  # no probes: its first word, not its second
        "default": (C, 1.0),
    }


def test_a_diverged_trial_is_not_grids_best(load):
    # In load every error is above 0; a diverged trial must count as the floor, not as nothing.
    frame = load.sweep.frame.copy()
    best = (frame["config_id"] == load.choices["grid"].config_id) & (frame["epoch"] == 2)
    frame.loc[best, ["val_metric", "test_metric"]] = float("nan")
    sweep = replace(load.sweep, frame=frame)

    choices = choose(load.prediction, load.baselines, sweep, default=C)

    assert choices["grid"].configuration == A


def test_nor_where_the_trivial_predictor_is_better_than_all(load):
    strong = replace(load.sweep.info, floor_val=0.3, floor_test=0.3)
    frame = load.sweep.frame.copy()
    worst = (frame["config_id"] == config_id(C)) & (frame["epoch"] == 2)
    frame.loc[worst, ["val_metric", "test_metric"]] = float("nan")
    frame.loc[worst, "status"] = "diverged"
    sweep = replace(load.sweep, info=strong, frame=frame)
    choices = choose(load.prediction, load.baselines, sweep, default=C)
    assert choices["grid"].configuration == B


def test_grid_pays_for_the_epochs_that_were_run(digits):
    frame = digits.sweep.frame
    early = frame[(frame["config_id"] != config_id(C)) | (frame["epoch"] == 1)]
    sweep = replace(digits.sweep, frame=early)  # C breaks down in its first epoch of two
    choices = choose(digits.prediction, digits.baselines, sweep, default=C)
    assert choices["grid"].cost == 2.5


def test_methods_that_were_not_replayed_have_no_role(load):
    choices = choose(load.prediction, load.baselines, load.sweep, default=C)
    assert list(choices) == ["predicted", "grid", "random", "default"]


def test_a_ladder_above_the_budget_is_an_error(digits):
    baselines = digits.baselines[digits.baselines["cost"] > 2]
    with pytest.raises(ProbecastError, match="digits-cnn.*'random' is 3 full runs.*allowed 2"):
        choose(digits.prediction, baselines, digits.sweep, default=C)


def test_roles_that_agree_are_trained_once(digits):
    assert distinct(digits.choices) == [B, A, C]


def test_total_cost_adds_probes_and_training(digits):
    expected = {"epochs": 4, "full_runs": 2.0, "seconds": 8.0, "flops": 40.0}
    assert total_cost(digits.prediction) == expected
    unknown = digits.prediction.training_cost.model_copy(update={"seconds": None})
    prediction = digits.prediction.model_copy(update={"training_cost": unknown})
    assert total_cost(prediction) == {**expected, "seconds": None}


def test_choices_survive_their_file(digits, tmp_path):
    path = tmp_path / "choices.json"
    write_choices(path, digits.choices)
    assert read_choices(path) == digits.choices

    write_text(path, '{"predicted": {"configuration": {}}}')
    with pytest.raises(ProbecastError, match=r"choices\.json.*rerun train"):
        read_choices(path)
