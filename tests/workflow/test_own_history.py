"""Past runs of one's own through the workflow, to a recommendation and back to Optuna."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from kit.past_studies import past_study
from kit.projects import TINY, fresh_project
from probecast.trials import read_tables

pytestmark = pytest.mark.study

MINE = {
    "path": "runs.db",
    "metric": "accuracy",
    "architecture": "cnn",
    "hyperparameters": {
        "learning_rate": "lr",
        "neurons": "width",
        "optimizer": {"column": "opt", "values": {"adam": "Adam", "sgd": "SGD"}},
    },
}


@pytest.fixture
def project(tmp_path):
    project = fresh_project(tmp_path / "project")
    past_study(f"sqlite:///{project.folder}/runs.db", trials=40)
    return project


def write(project, **changes):
    study = {**TINY, "tasks": ["digits-cnn"], "history": {"mine": MINE}, **changes}
    (project.folder / "tiny.yaml").write_text(yaml.safe_dump(study))


def sources(project, family):
    card = json.loads((project.folder / f"results/meta/family-{family}/card.json").read_text())
    return {source["task"] for source in card["sources"]}


def test_a_recommendation_from_ones_own_runs_alone(project):
    write(project, shipped=False, probe={"cost": 1})  # nothing but the first choice is tried
    done = project.snakemake("results/predictions/digits-cnn.json")
    assert "mine/mine: 40 trials, 1 of them diverged, " in done.stderr
    assert sources(project, "digits") == {"mine/mine"}
    [table] = read_tables([project.folder / "results/history/mine"])
    assert len(table.configurations()) == 40
    prediction = json.loads((project.folder / "results/predictions/digits-cnn.json").read_text())
    assert set(prediction["matched"]) == {"learning_rate", "neurons", "optimizer"}
    assert prediction["meta_encoder"]["sources_used"] == ["mine/mine"]
    # In those runs a learning rate of .1 was the worst, with either optimizer.
    tried = [prediction, *prediction["probes"]]
    assert all(each["configuration"]["learning_rate"] < 0.1 for each in tried)
    assert project.plan("results/predictions/digits-cnn.json") == {}
    # Newer runs are learnt from.
    past_study(f"sqlite:///{project.folder}/runs.db", "newer", seed=5)
    rerun = {"history": 1, "pretrain": 1, "probe": 1, "predict": 1}
    assert project.plan("results/predictions/digits-cnn.json") == rerun
    # What can no longer be learnt is not taken from before.
    write(project, shipped=False, history={})
    done = project.snakemake("results/predictions/digits-cnn.json", check=False)
    assert done.returncode != 0
    assert "shipped: false, and nothing else to learn from" in done.stderr


def test_what_is_learnt_from_is_what_the_study_says(project):
    prediction = "results/predictions/digits-cnn.json"

    def files():
        """What the encoder would be pretrained on."""
        plan = project.snakemake(prediction, "--dry-run", "--workflow-profile", "none").stdout
        rule = plan.partition("rule pretrain:")[2].partition("output:")[0]
        return {name.strip() for name in rule.partition("input:")[2].split(",")}

    write(project)
    beside = files()
    assert "results/history/mine" in beside
    assert any("load-lstm" in name for name in beside)
    assert not any("digits" in name for name in beside)
    write(project, history={"mine": {**MINE, "family": "digits"}})
    assert files() == beside - {"results/history/mine"}
    write(project, tasks=["digits-cnn", "load-lstm"])
    own = {"results/trials/load-lstm/sweep.parquet"}
    assert files() == own | {"results/history/mine"}
    write(project, tasks=["digits-cnn", "load-lstm"], shipped=True)
    everything = beside - {name for name in beside if "load-lstm" in name}
    assert files() == everything | own


def test_a_study_with_a_report_must_say_the_family(project):
    write(project)
    done = project.snakemake("--dry-run", check=False)
    assert done.returncode != 0
    assert "tiny.yaml: history.mine.family: missing" in done.stdout + done.stderr
    write(project, history={"mine": {**MINE, "family": "mine"}})
    plan = project.plan()
    assert plan["history"] == plan["report"] == 1


def test_nothing_to_learn_from_and_broken_runs_are_one_clear_error(project):
    prediction = "results/predictions/digits-cnn.json"
    write(project, shipped=False, history={})
    done = project.snakemake(prediction, check=False)
    assert done.returncode != 0
    assert "shipped: false, and nothing else to learn from" in done.stderr
    columns = {"task": None, "config_id": None, "epoch": None, "val_metric": "acc"}
    past = {"path": "runs.csv", "metric": "accuracy", "higher_is_better": True, "columns": columns}
    write(project, history={"mine": past})
    pd.DataFrame({"lr": [0.1, 0.2], "accuracy": [0.3, 0.4]}).to_csv(project.folder / "runs.csv")
    done = project.snakemake("results/history/mine", check=False)
    assert done.returncode != 0
    assert "runs.csv: column 'acc' is missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project.folder / "results/history/mine").exists()
    # Its file is asked for even where it was read once, and before anything else is done.
    Path(project.folder, "results/history/mine").mkdir(parents=True)
    write(project, history={"mine": {**past, "path": "nun.csv"}})
    done = project.snakemake("results/history/mine", check=False)
    assert done.returncode != 0
    assert re.search(r"tiny\.yaml: history\.mine\.path: \S+nun\.csv does not exist", done.stderr)
    assert "Traceback" not in done.stderr
    write(project, history={"mine": past})
    done = project.snakemake("results/history/mien", check=False)
    assert "history: found no 'mien'" in done.stderr
