"""A recommendation reaches YAML, transformers and Optuna, and means the same there."""

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
import yaml

from kit.past_studies import past_study
from kit.recommendations import recommended
from probecast.errors import ProbecastError
from probecast.export import configurations, enqueue, main

RATES = [0.01, 0.003, 0.03, 0.001, 0.1, 0.0003]
BEST = [{"learning_rate": rate, "optimizer": "adam"} for rate in RATES]
PREDICTION = recommended(BEST[0], alternatives=BEST[1:])


@pytest.fixture
def prediction(tmp_path):
    path = tmp_path / "digits-cnn.json"
    PREDICTION.write(path)
    return str(path)


def objective(trial):
    rate = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    trial.suggest_categorical("opt", ["adam", "sgd"])
    return rate


def test_yaml_holds_what_the_json_does(prediction):
    assert yaml.safe_load(main([prediction, "yaml"])) == PREDICTION.model_dump()


def test_the_five_best_are_tried_next_in_their_order(prediction, tmp_path):
    storage = f"sqlite:///{tmp_path}/runs.db"
    past_study(storage, objective=objective, trials=2)
    rename = ["--rename", "learning_rate=lr", "--rename", "optimizer=opt"]
    said = main([prediction, "optuna", "--storage", storage, "--study", "mine", *rename])
    assert said == "mine: 5 of the 5 best configurations added\n"
    study = optuna.load_study(study_name="mine", storage=storage)
    study.optimize(objective, n_trials=6)
    ran = [trial.params for trial in study.trials[2:7]]
    assert ran == [{"lr": rate, "opt": "adam"} for rate in RATES[:5]]
    assert study.trials[7].params["lr"] not in RATES  # the sampler goes on
    again = main([prediction, "optuna", "--storage", storage, "--study", "mine", *rename])
    assert len(study.trials) == 8  # nothing is tried twice
    assert again == "mine: 0 of the 5 best configurations added; it has the other 5 already\n"


def test_an_export_to_a_new_study_is_one_line_however_often(prediction, tmp_path):
    storage = f"sqlite:///{tmp_path}/runs.db"
    optuna.create_study(study_name="mine", storage=storage)
    folder = Path(__file__).parents[2] / "workflow"
    command = [sys.executable, "-m", "probecast.export", prediction, "optuna"]
    command += ["--storage", storage, "--study", "mine"]
    for added in (5, 0):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"mine: {added} of the 5 best configurations added")
        assert done.stderr == ""


def test_a_new_study_takes_the_names_as_they_are():
    study = optuna.create_study()
    enqueue(study, configurations(PREDICTION))
    study.optimize(lambda trial: trial.suggest_float("learning_rate", 0, 1), n_trials=2)
    assert [trial.params["learning_rate"] for trial in study.trials[:2]] == RATES[:2]


def test_names_that_the_study_does_not_know_are_refused(prediction, tmp_path):
    study = past_study(f"sqlite:///{tmp_path}/runs.db", objective=objective, trials=1)
    with pytest.raises(ProbecastError, match=r"parameter learning_rate, but .*Known: lr, opt"):
        enqueue(study, BEST, {"optimizer": "opt"})
    missing = r"parameter learning_rate, optimizer \(renamed nix\), but a study must have every"
    with pytest.raises(ProbecastError, match=missing):
        enqueue(study, BEST, {"optimizer": "nix"})
    with pytest.raises(ProbecastError, match=r"rename: .*no 'rate'.*Known: learning_rate"):
        enqueue(study, BEST, {"rate": "lr"})
    assert len(study.trials) == 1
    command = [prediction, "optuna", "--storage", f"{tmp_path}/runs.db", "--study"]
    with pytest.raises(
        ProbecastError, match=r"--rename: found 'optimizer'; write <ours>=<theirs>"
    ):
        main([*command, "mine", "--rename", "optimizer"])
    with pytest.raises(ProbecastError, match=r"no study 'mien'.*Did you mean 'mine'"):
        main([*command, "mien"])
    command[3] = f"{tmp_path}/no.db"
    with pytest.raises(ProbecastError, match=r"no\.db: the Optuna storage is missing"):
        main([*command, "mine"])
    assert not (tmp_path / "no.db").exists()


def test_an_error_in_the_shell_is_one_line(prediction):
    command = [sys.executable, "-m", "probecast.export", prediction, "training-arguments"]
    folder = Path(__file__).parents[2] / "workflow"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "has no training_arguments" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", ["[]", "{}", '{"configuration": {}}'])
def test_another_file_is_no_recommendation(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_text(content)
    for form in ("yaml", "training-arguments"):
        with pytest.raises(ProbecastError, match=r"other\.json: is no recommendation"):
            main([str(path), form])


def test_a_fine_tuned_networks_recommendation_has_them(tmp_path):
    path = tmp_path / "docs-finetune.json"
    arguments = {"learning_rate": 3e-5, "num_train_epochs": 3}
    recommended(BEST[0], training_arguments=arguments).write(path)
    assert json.loads(main([str(path), "training-arguments"])) == arguments


def test_a_file_with_no_more_than_what_is_exported_is_enough(tmp_path):
    """Such as a recommendation of another version, or one written by hand."""
    path = tmp_path / "mine.json"
    path.write_text(
        '{"configuration": {"lr": 0.1}, "alternatives": [], "training_arguments": null}'
    )
    assert yaml.safe_load(main([str(path), "yaml"]))["configuration"] == {"lr": 0.1}


HELD = {
    "choices": (
        lambda t: t.suggest_categorical("x", [32, 64]),
        [32, 64.0],
        [16, "64", True, None],
    ),
    "names": (lambda t: t.suggest_categorical("x", ["adam", "sgd"]), ["adam"], ["Adam", "", 1]),
    "truth": (lambda t: t.suggest_categorical("x", [True, False]), [True], [1, 0.0, "True"]),
    "floats": (lambda t: t.suggest_float("x", -5, -1), [-5, -1.0, -2.5], [-5.1, 0, "-2"]),
    "powers": (lambda t: t.suggest_float("x", 1e-5, 1, log=True), [1e-5, 1], [0, -1, 2]),
    "steps": (lambda t: t.suggest_float("x", 0, 1, step=0.1), [0.3, 0.7, 1], [0.35, 1.1]),
    "integers": (lambda t: t.suggest_int("x", 2, 9), [2, 9.0], [1, 2.5, 10, "3", True]),
    "even ones": (lambda t: t.suggest_int("x", 2, 8, step=2), [4], [3, 9]),
}


@pytest.mark.parametrize(("suggest", "taken", "refused"), HELD.values(), ids=HELD)
def test_a_study_is_given_only_what_it_may_have(suggest, taken, refused):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: float(suggest(trial) in (0, 1)), n_trials=1)
    added = enqueue(study, [{"x": value} for value in taken])
    for value in [*refused, float("nan"), float("inf")]:
        with pytest.raises(ProbecastError, match=r"cannot take .* x .*Nothing was added"):
            enqueue(study, [{"x": taken[0]}, {"x": value}])
    assert len(study.trials) == 1 + added
    study.optimize(lambda trial: float(suggest(trial) in (0, 1)), n_trials=added)
    tried = [trial.params["x"] for trial in study.trials]
    assert all(any(one == pytest.approx(value) for one in tried) for value in taken)


def test_all_values_that_a_study_cannot_take_are_named_with_those_that_it_can():
    study = optuna.create_study(study_name="mine")

    def spelt_otherwise(trial):
        trial.suggest_categorical("optimizer", ["adam", "sgd"])
        return trial.suggest_int("batch", 8, 16, step=8) + trial.suggest_float("rate", -5, -1)

    study.optimize(spelt_otherwise, n_trials=1)
    with pytest.raises(ProbecastError) as refusal:
        enqueue(study, [{"optimizer": "Adam", "batch": 64, "rate": 0.01}])
    said = (
        "optimizer 'Adam' (one of 'adam', 'sgd'); batch 64 (whole numbers 8 to 16 in steps of 8)"
    )
    assert f"{said}; rate 0.01 (-5.0 to -1.0)" in str(refusal.value)


def test_a_study_whose_ranges_have_changed_is_asked_for_its_latest():
    study = optuna.create_study()
    for high in (0.1, 1.0):
        study.optimize(lambda trial, high=high: trial.suggest_float("x", 0, high), n_trials=1)
    assert enqueue(study, [{"x": 0.5}]) == 1


def test_no_two_hyperparameters_get_one_name(prediction):
    study = optuna.create_study()
    for rename in ({"learning_rate": "x", "optimizer": "x"}, {"optimizer": "learning_rate"}):
        with pytest.raises(
            ProbecastError, match="learning_rate and optimizer would both be called"
        ):
            enqueue(study, BEST, rename)
    command = [prediction, "optuna", "--storage", "a.db", "--study", "s", "--rename"]
    with pytest.raises(ProbecastError, match="'optimizer' is renamed twice; say it once"):
        main([*command, "optimizer=a", "optimizer=b"])


def test_a_storage_that_is_locked_takes_nothing(prediction, tmp_path):
    storage = tmp_path / "runs.db"
    optuna.create_study(study_name="mine", storage=f"sqlite:///{storage}?timeout=0.1")
    with contextlib.closing(sqlite3.connect(storage, isolation_level=None)) as writer:
        writer.execute("begin exclusive")
        with pytest.raises(
            ProbecastError, match=r"runs\.db: the Optuna storage is locked by a run"
        ):
            main([prediction, "optuna", "--storage", str(storage), "--study", "mine"])


def test_an_interrupted_export_is_one_line(prediction):
    program = (
        "import runpy, sys, probecast.learner.recommendation as r\n"
        "def stop(*arguments): raise KeyboardInterrupt\n"
        "r.read_recommendation = stop\n"
        "sys.argv[1:] = ['a.json', 'yaml']\n"
        "runpy.run_module('probecast.export', run_name='__main__')\n"
    )
    folder = Path(__file__).parents[2] / "workflow"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert done.stderr.startswith("Interrupted")
    assert len(done.stderr.splitlines()) == 1
