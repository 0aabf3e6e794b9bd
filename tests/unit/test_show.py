"""A recommendation is shown again, in the words in which it was given."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kit.recommendations import recommended
from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.learner.recommendation import in_words
from probecast.show import main


@pytest.fixture
def given(tmp_path):
    """A recommendation beside its probes, and what was said of it."""
    probes, result = small_table({0.01: [0.5, 0.6]}), recommended({"learning_rate": 0.01})
    task = probes.info.task
    probes.write(tmp_path / "results/trials" / task / "probe.parquet")
    path = tmp_path / "results/predictions" / f"{task}.json"
    result.write(path)
    return path, in_words(probes.info, result)


def test_it_is_what_was_said_when_it_was_given(given):
    path, said = given
    assert main([str(path)]) == said + "\n"
    command = [sys.executable, "-m", "probecast.show", path.name]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "workflow")}
    done = subprocess.run(
        command, cwd=path.parent, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == said + "\n"


def test_a_task_is_looked_for_where_its_study_ran(given, tmp_path, monkeypatch):
    path, said = given
    monkeypatch.chdir(tmp_path)
    assert main([path.stem]) == said + "\n"


def test_nothing_is_left_to_train_where_a_probe_went_to_the_end():
    probes, result = small_table({0.01: [0.5, 0.6]}), recommended({"learning_rate": 0.01})
    nothing = result.training_cost.model_copy(update={"epochs": 0})
    result = result.model_copy(update={"training_cost": nothing})
    assert "nothing more where trials go on: a probe" in in_words(probes.info, result)


def test_without_its_probes_it_is_refused(given, tmp_path):
    moved = shutil.copy(given[0], tmp_path)
    with pytest.raises(ProbecastError, match=r"probe\.parquet is not beside it.*where predict"):
        main([moved])


def test_a_missing_file_and_another_are_one_message(tmp_path):
    with pytest.raises(ProbecastError, match=r"none\.json: the file is missing"):
        main([str(tmp_path / "none.json")])
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ProbecastError, match=r"other\.json: is no recommendation"):
        main([str(tmp_path / "other.json")])
