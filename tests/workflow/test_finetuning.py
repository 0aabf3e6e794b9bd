"""Toy encoders fine-tuned with predicted settings, by hand and by default, through Snakemake."""

import json
import runpy

import pandas as pd
import pytest

from kit.projects import fresh_project
from kit.tiny_encoder import write_encoder
from probecast.files import write_json
from probecast.torchaudio_stub import ensure_importable

pytestmark = pytest.mark.study

DATA = {"train_rows": 40, "val_rows": 20, "test_rows": 30, "sequence_length": 12}
HAND = {"learning_rate": 0.0001, "batch_size": 20, "epochs": 1, "warmup_steps": 10}
STUDY = {
    "tasks": ["docs_kind-finetune", "docs_two-lora"],
    "sources": ["scenes-finetune"],
    "datasets": {
        name: {**DATA, "pretrained": "./encoder"} for name in ("docs_kind", "docs_two", "scenes")
    },
    "space": {
        "learning_rate": {"choices": [0.0001, 0.001], "scale": "log"},
        "batch_size": {"choices": [8, 16], "scale": "log"},
        "warmup_share": {"choices": [0.1]},
    },
    "default_configuration": {"learning_rate": 0.0001, "batch_size": 8, "warmup_share": 0.1},
    "architectures": {
        "lora": {
            "space": {
                "learning_rate": {"choices": [0.001, 0.01], "scale": "log"},
                "batch_size": {"choices": [8]},
                "lora_rank": {"choices": [2, 4]},
            },
            "default_configuration": {"learning_rate": 0.001, "batch_size": 8, "lora_rank": 2},
        }
    },
    "training": {"epochs": 2},
    "finetuning": {
        "tasks": ["docs_kind-finetune", "docs_two-lora"],
        "by_hand": {"mine": HAND},
        "by_hand_rows": 400,
        "record": {"docs_kind-finetune": {"docs_two": 0.5}},
    },
    "final": {"seeds": 2},
}
# Two of six classes are left of so many rows.
STUDY["datasets"]["docs_two"] |= {"source": "docs_topic", "classes": 2}
STUDY["datasets"]["docs_two"] |= {"train_rows": 100, "test_rows": 100}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The toy study, run to the end. Read only."""
    project = fresh_project(tmp_path_factory.mktemp("finetuning") / "project")
    write_encoder(project.folder / "encoder")
    project.study(**STUDY)
    project.snakemake()
    return project


def results(project, *parts):
    return project.folder.joinpath("results", *parts)


def test_everything_is_trained_with_the_same_seeds_and_judged_on_both(compared):
    runs = pd.read_csv(results(compared, "finetune", "runs.csv"))
    names = ["mine", "mine_scaled", "default", "predicted"]
    models = runs.drop_duplicates(["task", "settings", "seed", "dataset"])
    assert len(models) == len(runs) == 2 * 4 * 2 * 2
    assert runs["settings"].drop_duplicates().tolist() == names
    assert runs["seed"].nunique() == 2
    assert set(runs["dataset"]) == {"docs_kind", "docs_two"}
    ours = runs[runs["task"] == "docs_kind-finetune"].drop_duplicates("settings")
    ours = ours.set_index("settings")
    assert ours["warmup_share"].tolist()[:3] == pytest.approx([10 / 2, 10 / 20, 0.1])
    assert ours["epochs"].to_dict() == {"mine": 1, "mine_scaled": 1, "default": 2, "predicted": 2}


def test_it_is_said_how_often_the_prediction_is_worse(compared):
    against = pd.read_csv(results(compared, "finetune", "against.csv"))
    assert against["settings"].tolist() == ["mine", "mine_scaled", "default"]
    assert set(against["comparisons"]) == {2 * 2 * 2}
    assert " of 8 " in results(compared, "finetune", "comparison.md").read_text()


def test_the_config_to_import_holds_the_recommendation(compared):
    folder = results(compared, "finetune", "docs_kind-finetune")
    written = runpy.run_path(str(folder / "training_config.py"))
    prediction = json.loads(
        results(compared, "predictions", "docs_kind-finetune.json").read_text()
    )
    arguments, configuration = written["training_arguments"], prediction["configuration"]
    assert arguments["learning_rate"] == configuration["learning_rate"]
    assert arguments["per_device_train_batch_size"] == configuration["batch_size"]
    assert arguments["num_train_epochs"] == 2
    assert "lora_config" not in written


def test_with_the_adapters_that_are_recommended(compared):
    ensure_importable()
    pytest.importorskip("peft")
    folder = results(compared, "finetune", "docs_two-lora")
    prediction = json.loads(results(compared, "predictions", "docs_two-lora.json").read_text())
    written = runpy.run_path(str(folder / "training_config.py"))
    rank = prediction["configuration"]["lora_rank"]
    assert (written["lora_config"].r if rank else 0) == rank


def test_the_costs_of_the_prediction_hold_its_probes(compared):
    prediction = json.loads(
        results(compared, "predictions", "docs_kind-finetune.json").read_text()
    )
    summary = pd.read_csv(results(compared, "finetune", "comparison.csv"))
    ours = summary[summary["task"] == "docs_kind-finetune"]
    row = ours[ours["settings"] == "predicted"].iloc[0]
    assert row["total_flops"] - row["flops"] == pytest.approx(prediction["probe_cost"]["flops"])
    assert prediction["probe_cost"]["epochs"] > 0


def test_page_and_figure_are_made_and_nothing_is_left_to_do(compared):
    page = results(compared, "finetune", "comparison.md").read_text()
    assert "On docs_kind: 30 test rows, 2 seeds" in page
    assert results(compared, "finetune", "comparison.svg").stat().st_size > 1000
    assert compared.plan() == {}


def test_an_encoder_that_has_seen_the_other_dataset_is_refused(compared, tmp_path):
    project = compared.copy(tmp_path / "leaking")
    card = results(project, "meta", "family-docs_kind", "card.json")
    content = json.loads(card.read_text())
    content["sources"][0]["family"] = "docs_topic"
    write_json(card, content)
    done = project.snakemake(
        "results/finetune/comparison.md",
        "--forcerun",
        "compare",
        "--allowed-rules",
        "compare",
        check=False,
    )
    assert done.returncode != 0
    assert "leak: family 'docs_topic' is held out" in done.stderr
