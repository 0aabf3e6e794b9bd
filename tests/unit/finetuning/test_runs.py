import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from kit.tiny_encoder import WORDS, pieces_spec
from kit.toy_data import split, splits
from probecast.data.spec import read_tensors, write_tensors
from probecast.errors import ProbecastError
from probecast.finetuning.runs import fine_tune, run, with_other
from probecast.study.finetuning import FinetuningSettings, Recipe, recipe
from probecast.training.journal import Journal
from probecast.training.loop import train
from probecast.training.settings import TrainingSettings

TASK = "pieces-finetune"
TRAINING = TrainingSettings(epochs=3)
CONFIGURATION = {
    "learning_rate": 0.001,
    "batch_size": 16,
    "warmup_share": 0.1,
    "weight_decay": 0.01,
}
HAND = {"learning_rate": 5e-5, "batch_size": 8, "epochs": 1, "warmup_steps": 50}
COMPARED = FinetuningSettings(tasks=[TASK], by_hand={"original": HAND}, by_hand_rows=1000)


def other_spec():
    """The same words in another order, with one that the first dataset has not."""
    ours = pieces_spec()
    words = [*ours.vocabulary[:2], *reversed(ours.vocabulary[2:]), WORDS[-1]]
    return replace(ours, dataset="other", vocabulary=words, vocabulary_size=len(words))


def in_other_ids(spec, inputs):
    place = torch.tensor([other_spec().vocabulary.index(piece) for piece in spec.vocabulary])
    return place[inputs]


def test_by_hand_is_trained_as_written_and_scaled():
    written = recipe("original", COMPARED, 40, {}, 3)
    scaled = recipe("original_scaled", COMPARED, 40, {}, 3)
    assert written.epochs == scaled.epochs == 1
    assert written.configuration["warmup_share"] == pytest.approx(50 / 5)
    assert scaled.configuration["warmup_share"] == pytest.approx(50 / 125)
    assert written.configuration["learning_rate"] == 5e-5


@pytest.mark.parametrize("name", ["default", "predicted"])
def test_what_is_not_by_hand_is_trained_over_the_studys_epochs(name):
    assert recipe(name, COMPARED, 40, {name: CONFIGURATION}, 3) == Recipe(CONFIGURATION, 3)


def test_the_other_datasets_texts_are_the_same_texts_in_joint_ids():
    spec = pieces_spec()
    inputs = split(spec, 6)["inputs"]
    theirs = torch.cat([in_other_ids(spec, inputs), torch.tensor([[20] + 9 * [0]])])
    joint, test = with_other(spec, other_spec(), {"inputs": theirs, "targets": theirs[:, 0]})
    assert test["inputs"][:-1].equal(inputs)
    assert joint.vocabulary[test["inputs"][-1, 0]] == WORDS[-1]
    assert joint.vocabulary_size == len(joint.vocabulary) == spec.vocabulary_size + 1


@pytest.mark.parametrize(
    ("changes", "what"), [({"pretrained": "minilm"}, "pretrained"), ({"output_size": 5}, "output")]
)
def test_datasets_that_do_not_fit_together_are_refused(changes, what):
    test = split(pieces_spec(), 4)
    with pytest.raises(ProbecastError, match=rf"'pieces' and 'other': {what}.*finetuning.tasks"):
        with_other(pieces_spec(), replace(other_spec(), **changes), test)


def test_a_model_is_that_of_the_training_loop_and_is_judged_on_both_datasets():
    spec = pieces_spec()
    data = splits(spec)
    *_, last = train("finetune", spec, data, CONFIGURATION, 7, TRAINING)
    theirs = {**data["test"], "inputs": in_other_ids(spec, data["test"]["inputs"])}
    joint, foreign = with_other(spec, other_spec(), theirs)
    tests = {"pieces": data["test"], "other": foreign}
    rows = list(run(TASK, joint, data["train"], tests, Recipe(CONFIGURATION, 3), 7, TRAINING))
    assert [row["dataset"] for row in rows] == ["pieces", "other"]
    for row in rows:  # the other dataset holds the same texts here
        assert row["eval_accuracy"] == last.test_metric
        assert row["examples"] == len(foreign["targets"])
        steps = row["eval_steps_per_second"] * row["eval_runtime"]
        assert steps == pytest.approx(1)
        ratio = row["eval_samples_per_second"] / row["eval_steps_per_second"]
        assert ratio == pytest.approx(row["examples"])
        assert row["epochs"] == 3
        assert row["flops"] == pytest.approx(3 * last.flops)
    assert rows[0]["eval_loss"] == rows[1]["eval_loss"]


def test_a_model_that_diverged_has_no_accuracy():
    spec = pieces_spec()
    data = splits(spec)
    wild = Recipe({**CONFIGURATION, "learning_rate": 1e9, "optimizer": "SGD"}, 3)
    (row,) = run(TASK, spec, data["train"], {"pieces": data["test"]}, wild, 0, TRAINING)
    assert row["eval_accuracy"] != row["eval_accuracy"]
    assert row["epochs"] < 3


def test_nor_has_one_that_diverged_in_its_last_step():
    spec = pieces_spec()
    data = splits(spec)
    data["train"] = {name: tensor[:16] for name, tensor in data["train"].items()}
    wild = Recipe({**CONFIGURATION, "learning_rate": 1e20}, 1)
    (row,) = run(TASK, spec, data["train"], {"pieces": data["test"]}, wild, 0, TRAINING)
    assert row["epochs"] == 1
    assert math.isnan(row["eval_loss"]) and math.isnan(row["eval_accuracy"])


def written(spec, folder):
    folder.mkdir()
    spec.write(folder / "spec.json")
    for name, tensors in splits(spec).items():
        write_tensors(folder / f"{name}.safetensors", tensors)
    return folder


def test_a_killed_job_trains_only_the_models_that_are_missing(tmp_path):
    folders = written(pieces_spec(), tmp_path / "ours"), written(other_spec(), tmp_path / "other")

    def tuned(journal, seeds):
        return fine_tune(
            TASK, folders, Recipe(CONFIGURATION, 1), seeds, TRAINING, journal, title="toy"
        )

    whole = tuned(Journal(tmp_path / "whole", "f"), [1, 2])
    tuned(Journal(tmp_path / "killed", "f"), [1])
    resumed = Journal(tmp_path / "killed", "f")
    first = list(resumed.rows)
    again = tuned(resumed, [1, 2])
    assert resumed.rows[:2] == first
    measured = [name for name in whole if "second" in name or name == "eval_runtime"]
    pd.testing.assert_frame_equal(
        again.drop(columns=measured), whole.drop(columns=measured), check_exact=True
    )
    assert list(again["dataset"]) == ["pieces", "other"] * 2
    assert set(again["weight_decay"]) == {0.01}


def test_labels_that_do_not_fit_the_head_are_told_before_training(tmp_path):
    theirs = written(other_spec(), tmp_path / "other")
    data = read_tensors(theirs / "test.safetensors")
    write_tensors(theirs / "test.safetensors", {**data, "targets": data["targets"] + 9})
    folders = [written(pieces_spec(), tmp_path / "ours"), theirs]
    with pytest.raises(
        ProbecastError, match=r"other/test\.safetensors: targets lie outside 0\.\.2"
    ):
        fine_tune(TASK, folders, Recipe(CONFIGURATION, 1), [1], TRAINING, None, title="toy")
