"""From a file of texts to a recommendation, with two commands and the second told by the first."""

import os
import shlex
import subprocess
import sys

import pytest

from kit import warm
from kit.own_files import csv_lines
from kit.projects import fresh_project

pytestmark = pytest.mark.study

WORDS = {"good": ["fine", "lovely", "warm"], "bad": ["dull", "cold", "slow"]}


def test_the_study_that_is_written_recommends(tmp_path):
    folder = fresh_project(tmp_path / "project").folder
    rows = [
        f"number {i} was {WORDS[label][i % 3]} and {WORDS[label][i % 2]},{label}"
        for i in range(60)
        for label in WORDS
    ]
    (folder / "reviews.csv").write_text(csv_lines("review,verdict", *rows))
    environment = {**os.environ, "PYTHONPATH": str(folder / "workflow")}
    done = subprocess.run(
        [sys.executable, "-m", "probecast.new", "reviews.csv"],
        **{"cwd": folder, "env": environment, "capture_output": True, "text": True},
        check=True,
    )
    assert done.stderr == ""
    program, *words = shlex.split(done.stdout.splitlines()[-1])
    assert program == "snakemake"
    study = folder / "reviews.yaml"
    assert "epochs: 20 " in study.read_text()
    study.write_text(study.read_text().replace("epochs: 20 ", "epochs: 3 "))  # enough for a test
    predicted = warm.snakemake(words, folder)
    assert predicted.returncode == 0, predicted.stderr
    shown = subprocess.run(
        [sys.executable, "-m", "probecast.show", words[2]],
        **{"cwd": folder, "env": environment, "capture_output": True, "text": True},
        check=True,
    )
    assert shown.stdout.startswith("reviews-rnn\n  train with ")
    assert shown.stdout in predicted.stdout + predicted.stderr
