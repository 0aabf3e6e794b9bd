from dataclasses import replace

import pandas as pd
import pytest

from probecast.errors import ProbecastError
from probecast.evaluation.choices import write_choices
from probecast.evaluation.results import read_task
from probecast.files import write_json, write_parquet
from probecast.trials import read_sweeps


@pytest.fixture
def write(tmp_path):
    """Write a task's files and return the arguments that read them."""

    def write(task):
        paths = {
            "prediction": tmp_path / "prediction.json",
            "baselines": tmp_path / "baselines.parquet",
            "beliefs": tmp_path / "beliefs.parquet",
            "unlike": tmp_path / "unlike.parquet",
            "probes": tmp_path / "probe.parquet",
            "final": tmp_path / "final.parquet",
            "continued": tmp_path / "continued.parquet",
            "choices": tmp_path / "choices.json",
        }
        task.prediction.write(paths["prediction"])
        for name in ("baselines", "beliefs", "unlike"):
            getattr(task, name).to_parquet(paths[name])
        sweep = task.sweep.frame
        chunks = [tmp_path / "sweep-0.parquet", tmp_path / "sweep-1.parquet"]
        for chunk, path in enumerate(chunks):
            rows = sweep[(sweep["config_id"] == sweep["config_id"].iloc[0]) == bool(chunk)]
            replace(task.sweep, frame=rows).write(path)
        task.probes.write(paths["probes"])
        task.final.write(paths["final"])
        task.continued.write(paths["continued"])
        write_choices(paths["choices"], task.choices)
        (whole,) = read_sweeps(chunks)
        return {**paths, "sweep": whole, "space_size": task.space_size, "candidates": 1000}

    return write


def test_a_task_survives_its_files(digits, write):
    read = read_task(**write(digits))
    assert read.prediction == digits.prediction
    assert read.choices == digits.choices
    pd.testing.assert_frame_equal(read.sweep.frame, digits.sweep.frame)
    pd.testing.assert_frame_equal(read.baselines, digits.baselines)


def test_the_reference_is_named_for_what_it_is(digits, load):
    assert digits.reference == "grid search (all 3 configurations)"
    assert load.reference == "sampled reference (3 of 9 configurations)"
    countless = replace(load, space_size=None)
    assert countless.reference == "sampled reference (3 configurations)"


def test_who_could_choose_from_how_many(load):
    """The prediction chose from the space; what was replayed knows the sweep's three only."""
    counts = {role: load.chosen_from(role) for role in ("predicted", "grid", "random", "default")}
    assert counts == {"predicted": 9, "grid": 3, "random": 3, "default": 1}
    assert replace(load, candidates=5).chosen_from("predicted") == 5
    assert replace(load, space_size=None).chosen_from("predicted") == 1000


def test_files_of_different_tasks_are_refused(digits, load, write):
    with pytest.raises(ProbecastError, match=r"final\.parquet.*'load-lstm'.*'digits-cnn'"):
        read_task(**write(replace(digits, final=load.final)))
    with pytest.raises(ProbecastError, match=r"baselines\.parquet.*'load-lstm'"):
        read_task(**write(replace(digits, baselines=load.baselines)))
    with pytest.raises(ProbecastError, match=r"unlike\.parquet.*'load-lstm'"):
        read_task(**write(replace(digits, unlike=load.unlike)))


def test_a_choice_that_was_not_trained_is_refused(digits, write):
    frame = digits.final.frame
    untrained = frame[frame["config_id"] != digits.choices["default"].config_id]
    with pytest.raises(ProbecastError, match=r"role 'default'.*choices\.json.*rerun train"):
        read_task(**write(replace(digits, final=replace(digits.final, frame=untrained))))


def test_damaged_files_are_named(digits, write):
    arguments = write(digits)
    arguments["baselines"].write_bytes(b"PAR1 cut")
    with pytest.raises(ProbecastError, match=r"baselines\.parquet.*rerun"):
        read_task(**arguments)
    write_parquet(arguments["baselines"], digits.baselines.drop(columns="regret"))
    with pytest.raises(ProbecastError, match=r"columns \['regret'\] are missing"):
        read_task(**arguments)
    write_json(arguments["prediction"], {"configuration": {}})
    with pytest.raises(ProbecastError, match=r"prediction\.json.*probe_cost.*rerun predict"):
        read_task(**arguments)
