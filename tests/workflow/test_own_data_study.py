"""A user's own data, from their files to a recommendation by the shipped meta-encoder."""

import json
import re

import numpy as np
import pytest
import yaml
from PIL import Image

from kit.projects import ROOT, fresh_project
from probecast.data.download import download
from probecast.data.preprocess import preprocess
from probecast.data.user.example import write_example
from probecast.study.load import load_study

pytestmark = pytest.mark.study

OWN = {
    "reviews": {
        "own": {
            "modality": "text",
            "files": {"train": "mine/reviews.csv"},
            "columns": {"text": "review", "label": "verdict"},
            "metric": "accuracy",
        },
        "val_rows": 40,
        "sequence_length": 8,
    },
    "sales": {
        "own": {"modality": "series", "files": {"train": "mine/sales.csv"}},
        "train_rows": 60,
        "val_rows": 40,
        "test_rows": 40,
    },
}


def write_files(folder):
    words = {"good": ["fine", "lovely", "warm"], "bad": ["dull", "cold", "slow"]}
    rng = np.random.default_rng(0)
    rows = [f"it was {' and '.join(rng.choice(words[v], 3))},{v}" for v in ["good", "bad"] * 120]
    days = np.datetime64("2023-01-01") + np.arange(300)
    sales = 20 + 5 * (np.arange(300) % 7) + rng.normal(0, 1, 300)
    folder.mkdir()
    (folder / "reviews.csv").write_text("\n".join(["review,verdict", *rows, ""]))
    lines = [f"{day},{value:.2f}" for day, value in zip(days, sales, strict=True)]
    (folder / "sales.csv").write_text("\n".join(["timestamp,sold", *lines, ""]))


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """The recommendations for both tasks, asked for at once, and what the terminal said."""
    project = fresh_project(tmp_path_factory.mktemp("own") / "project")
    write_files(project.folder / "mine")
    project.study(tasks=["reviews-rnn", "sales-lstm"], datasets=OWN, training={"epochs": 3})
    targets = [f"results/predictions/{task}.json" for task in ("reviews-rnn", "sales-lstm")]
    planned = project.plan(*targets)
    done = project.snakemake(*targets)
    return project, planned, done.stdout + done.stderr


def test_a_recommendation_takes_four_steps_and_no_training_of_an_encoder(answered):
    assert answered[1] == dict.fromkeys(("download", "preprocess", "probe", "predict"), 2)


def test_the_recommendation_is_of_the_shipped_encoder_and_its_costs_are_told(answered):
    project, _, _ = answered
    card = json.loads((ROOT / "workflow" / "pretrained" / "card.json").read_text())
    shipped = [source["task"] for source in card["sources"]]
    for task, metric in (("reviews-rnn", (0.0, 1.0)), ("sales-lstm", (0.0, 5.0))):
        answer = json.loads(
            project.folder.joinpath(f"results/predictions/{task}.json").read_text()
        )
        assert answer["meta_encoder"]["sources_used"] == shipped
        assert metric[0] <= answer["expected_metric"] <= metric[1]
        assert answer["probe_cost"]["epochs"] + answer["training_cost"]["epochs"] <= 6
        assert answer["probe_cost"]["seconds"] > 0 and answer["probe_cost"]["flops"] > 0


def test_the_terminal_ends_with_a_table_of_each(answered):
    said = answered[2]
    for task, metric in (("reviews-rnn", "accuracy"), ("sales-lstm", "mse")):
        table = re.search(
            rf"{task}\n +train with +.*learning_rate=.*\n"
            rf" +expected {metric} +\S+ \(80 % between \S+ and \S+, on these validation rows\)\n"
            r" +within 5 % of best +\d+% sure\n"
            r"(?: .*\n)*?"
            r" +probes cost +\d+ epochs \(.*\), .* core-seconds, \S+ FLOPs\n"
            r" +training will cost +"
            r"(?:\d+ epochs \(.*\), .* core-seconds, \S+ FLOPs|nothing more where trials .*)\n",
            said,
        )
        assert table, said


def test_a_file_that_changes_is_noticed_and_refused_until_its_lock_is_deleted(answered):
    project, target = answered[0], "results/data/reviews/spec.json"
    assert project.plan(target) == {}
    reviews = project.folder / "mine" / "reviews.csv"
    reviews.write_text(reviews.read_text().replace("slow", "tardy"))
    done = project.snakemake(target, check=False)
    assert done.returncode != 0
    assert "reviews.csv is not what was downloaded first" in done.stderr
    (project.folder / "results/data/reviews.lock.json").unlink()
    project.snakemake(target)
    assert "tardy" in (project.folder / target).read_text()


def test_a_folder_that_changes_is_noticed(tmp_path):
    project = fresh_project(tmp_path / "project")
    photos = project.folder / "photos"
    for name in ("cat", "dog"):
        (photos / name).mkdir(parents=True)
        for number in range(12):
            image = Image.new("L", (8, 8), 20 * number if name == "cat" else 255)
            image.save(photos / name / f"{number}.png")
    own = {"own": {"modality": "image", "folder": "photos"}}
    project.study(tasks=["photos-cnn"], datasets={"photos": own})
    target = "results/data/photos/raw/train.parquet"
    project.snakemake(target)
    assert project.plan(target) == {}
    (photos / "notes.txt").write_text("nothing that is read")
    assert project.plan(target) == {}
    Image.new("L", (8, 8)).save(photos / "dog" / "0.png")
    assert project.plan(target) == {"download": 1}


def test_a_missing_file_is_one_clear_message(tmp_path):
    project = fresh_project(tmp_path / "project")
    project.study(tasks=["reviews-rnn", "sales-lstm"], datasets=OWN)
    done = project.snakemake("results/predictions/reviews-rnn.json", check=False)
    assert done.returncode != 0
    path = project.folder / "mine" / "reviews.csv"
    assert f"datasets.reviews.own.files.train: {path}: there is no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(project.folder.glob("results/data/reviews/raw/*"))


def test_the_example_study_reads_the_example_files(tmp_path):
    """The commands of the readme: the files are made, and every dataset of the study is read."""
    write_example(tmp_path / "own_data")
    config = yaml.safe_load((ROOT / "studies" / "own_data.yaml").read_text())
    study = load_study(config, "own_data.yaml", tmp_path)
    modalities = set()
    for name in study.datasets:
        raw, out = tmp_path / name / "raw", tmp_path / name
        download(study.download_settings(name), raw, tmp_path / f"{name}.lock.json")
        spec = preprocess(raw, out, study.preprocess_settings(name))
        assert spec.rows["train"] >= 300
        modalities.add(spec.modality)
    assert modalities == {"text", "image", "series", "speech"}
