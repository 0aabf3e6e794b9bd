"""All sides of the benchmark train the same. Their speed is no matter of a test."""

import math
from dataclasses import replace
from importlib import import_module

import pytest
import torch

from benchmarks import training_speed
from benchmarks.jobs import Job, Outcome
from benchmarks.runs import Run, run_side
from benchmarks.sides import ours
from kit.toy_data import SPECS, configuration, splits
from probecast.data.spec import write_tensors
from probecast.errors import ProbecastError
from probecast.space import config_id

CONFIGURATIONS = [configuration(), configuration(neurons=16, optimizer="SGD", learning_rate=0.1)]


@pytest.fixture(autouse=True)
def _leave_the_process_as_it_was():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)


@pytest.fixture
def job(tmp_path):
    spec = replace(SPECS["texts"], rows={"train": 200, "val": 100, "test": 100})
    for name, tensors in splits(spec).items():
        write_tensors(tmp_path / f"{name}.safetensors", tensors)
    spec.write(tmp_path / "spec.json")
    return Job(
        task="texts-rnn",
        data=str(tmp_path),
        configurations=CONFIGURATIONS,
        levels={name: list({c[name]: 0 for c in CONFIGURATIONS}) for name in CONFIGURATIONS[0]},
        seed=0,
        training={"epochs": 4},
        folder=str(tmp_path),
    )


def finals(trials: list[Outcome]) -> dict[str, tuple[float, float]]:
    return {
        config_id(trial.configuration): (trial.val_metric, trial.test_metric) for trial in trials
    }


@pytest.mark.slow
def test_a_process_per_trial_repeats_many_trials_per_process_exactly(job):
    together = run_side("ours", 0, job, cores=1)
    apart = run_side("process_per_trial", 0, job, cores=2)
    assert finals(together.trials) == finals(apart.trials)
    assert finals(together.trials).keys() == {config_id(c) for c in CONFIGURATIONS}


@pytest.mark.parametrize(
    ("side", "package", "task"),
    [
        ("optuna_study", "optuna", "texts-rnn"),
        ("transformers_trainer", "accelerate", "texts-transformer"),
    ],
)
def test_the_other_sides_learn_the_same_from_the_same_configurations(job, side, package, task):
    pytest.importorskip(package, reason="the optional dependencies `bench` are not installed")
    module = import_module(f"benchmarks.sides.{side}")
    job = replace(job, task=task)
    if side == "optuna_study":
        module.create(job)
    theirs, our_own = finals(module.run(job)), finals(ours.run(job))
    assert theirs.keys() == our_own.keys()
    for identity, metrics in our_own.items():
        assert min(metrics) > 0.6  # chance: a third
        assert theirs[identity] == pytest.approx(metrics, abs=0.2)


def test_times_and_metrics_are_set_beside_ours():
    def run(side, seconds, *metrics):
        trials = [
            Outcome(c, metric, metric, core_seconds=seconds / 4)
            for c, metric in zip(CONFIGURATIONS, metrics, strict=True)
        ]
        return [Run("rnn", side, repetition, seconds, trials) for repetition in range(2)]

    runs = [*run("ours", 2.0, 0.5, math.nan), *run("optuna", 3.0, 0.6, 0.1)]
    first, second = training_speed.summarise("rnn", runs)
    assert (first["side"], first["over ours"]) == ("ours", "1.00")
    assert (second["whole run (s)"], second["over ours"]) == ("3.0", "1.50")
    assert second["one trial (core s)"] == "0.75"
    assert second["minus ours"] == "+0.100 ± 0.000"  # of the trial that did not diverge


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(training_speed, "find_spec", lambda package: None)
    training_speed.check_installed(["ours", "process_per_trial"])
    with pytest.raises(ProbecastError, match=r"'optuna'.*pip install -e '\.\[bench\]'"):
        training_speed.check_installed(["ours", "optuna"])
