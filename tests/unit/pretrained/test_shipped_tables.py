"""The shipped trial tables are what their card says, and can be learnt from."""

from pathlib import Path

import pytest
import yaml

from benchmarks.fresh_seeds import chosen, fresh_seeds
from probecast.space import config_id
from probecast.study.load import load_study
from probecast.trials import read_table

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "workflow/pretrained"
PATHS = sorted((FOLDER / "trials").glob("*.parquet"))
STUDIES = [
    load_study(yaml.safe_load((ROOT / "studies" / name).read_text()), name, ROOT)
    for name in ("reference.yaml", "finetune_sources.yaml")
]
# Made with studies/changes/float32.yaml behind the study, on a machine without bfloat16.
FLOAT32 = {"ag_news-transformer", "imdb-transformer"}


FRESH = {"ag_news-rnn", "cifar10-cnn", "electricity-lstm", "imdb-rnn", "mnist-cnn"}
FRESH |= {"spoken-deepspeech"}
FRESH_SEEDS = 3


def fresh_of(task: str) -> tuple[int, int, int]:
    """The best and random configurations that were trained with so many fresh seeds."""
    if task.endswith(("-finetune", "-lora")):
        return 3, 8, 1
    return (24, 24, FRESH_SEEDS) if task in FRESH else (0, 0, 0)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_table_is_the_study_files(path):
    table = read_table(path)
    info, task = table.info, path.stem
    (study,) = (each for each in STUDIES if task in {*each.tasks, *each.sources})
    training = study.training_of(task)
    assert (info.task, info.dataset) == (task, task.partition("-")[0])
    assert info.family == study.family(info.dataset)
    assert info.epochs == training.epochs
    assert info.precision == ("float32" if task in FLOAT32 else training.precision)

    swept = {config_id(configuration) for configuration in study.swept(task)}
    sweep = table.without_repeats()
    assert set(sweep.frame["config_id"]) == swept
    assert sweep.frame["seed"].unique().tolist() == [study.sweep_seed]
    again = table.frame[table.frame["seed"] != study.sweep_seed]
    is_fresh = again["seed"].isin(fresh_seeds(study, FRESH_SEEDS))
    assert set(again["config_id"][~is_fresh]) == {config_id(c) for c in study.repeated(task)}
    best, random, seeds = fresh_of(task)
    wanted = {config_id(c) for c in chosen(table, best, random)} if seeds else set()
    assert set(again["config_id"][is_fresh]) == wanted
    assert again["seed"][is_fresh].nunique() == seeds

    ended = table.frame.groupby(["config_id", "seed"]).last()
    assert ((ended["epoch"] == info.epochs) | (ended["status"] == "diverged")).all()
    metrics = table.frame.loc[table.frame["status"] == "ok", ["val_metric", "test_metric"]]
    assert metrics.notna().all(axis=None)


def test_the_card_lists_every_table():
    card = (FOLDER / "README.md").read_text()
    listed = {
        line.split()[0]
        for line in card.partition("```\n")[2].partition("```")[0].split("\n")[1:]
        if line
    }
    assert listed == {path.stem for path in PATHS}


def test_tables_stay_small():
    assert sum(path.stat().st_size for path in PATHS) < 12e6
