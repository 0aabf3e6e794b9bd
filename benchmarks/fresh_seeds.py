"""Trains a shipped table's best configurations, and random ones, with further seeds.

``python -m benchmarks.fresh_seeds TASK ... [--study studies/reference.yaml]``: among the best of
many trials, luck decides as much as merit; only other seeds tell the two apart. The study
file is the one that describes the task. A task's data must be there::

    snakemake --cores 2 results/data/ag_news/spec.json --configfile studies/reference.yaml
    python -m benchmarks.fresh_seeds ag_news-transformer

What a killed run has trained is kept. The longer table goes to ``results/tables/``, and from there
with ``make ship`` to what is shipped.
"""

import argparse
from pathlib import Path

import numpy as np
import yaml

from probecast.errors import ProbecastError
from probecast.seeds import derive
from probecast.space import Configuration
from probecast.study.load import load_study
from probecast.study.model import Study
from probecast.training.process import prepare_process
from probecast.training.runner import open_runner
from probecast.training.sweep import sweep
from probecast.trials import TaskInfo, TrialTable, dataset_of, read_table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
SHIPPED = ROOT / "workflow/pretrained/trials"


def chosen(table: TrialTable, best: int, random: int) -> list[Configuration]:
    """Return the best configurations of a sweep, and random others."""
    info, sweep = table.info, table.without_repeats()
    ends = info.sign * sweep.with_floor("val_metric")[info.epochs].droplevel("seed")
    order = list(ends.sort_values(ascending=False, kind="stable").index)
    generator = np.random.default_rng(derive(0, "fresh", info.task))
    others = [order[place] for place in best + generator.permutation(len(order) - best)[:random]]
    configurations = sweep.configurations()
    return [configurations[identity] for identity in [*order[:best], *others]]


def fresh_seeds(study: Study, count: int) -> list[int]:
    """Return seeds that no other trial of a study has."""
    return [derive(study.seed, "trial", "fresh", number) for number in range(count)]


def train(study: Study, task: str, best: int, random: int, seeds: int) -> Path:
    """Train the trials that are missing; return where the longer table lies.

    Raises:
        ProbecastError: the table or the data is missing, or the data is not the table's.
    """
    table = read_table(SHIPPED / f"{task}.parquet")
    data = RESULTS / "data" / dataset_of(task)
    files = [data / name for name in ("spec.json", "train.safetensors", "val.safetensors")]
    training = study.training_of(task).model_copy(update={"precision": table.info.precision})
    journal = RESULTS / f"journals/{task}/fresh.jsonl"
    runner = open_runner(task, files, training, journal)
    if _described(runner.info) != _described(table.info):
        raise ProbecastError(f"{data}: not the data that the table of {task} was made from")
    configurations = chosen(table, best, random)
    title = f"fresh seeds of {task}"
    trained = sweep(runner, configurations, fresh_seeds(study, seeds), title)
    part, longer = RESULTS / f"trials/{task}/fresh.parquet", RESULTS / f"tables/{task}.parquet"
    trained.write(part)
    read_table([SHIPPED / f"{task}.parquet", part]).write(longer)
    return longer


def _described(info: TaskInfo) -> tuple[object, ...]:
    return info.metric, info.floor_val, info.floor_test, info.epochs, info.meta_features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", nargs="+", metavar="task")
    parser.add_argument("--study", type=Path, default=ROOT / "studies/reference.yaml")
    parser.add_argument("--best", type=int, default=24, help="configurations, at the end")
    parser.add_argument("--random", type=int, default=24, help="of the others")
    parser.add_argument("--seeds", type=int, default=3, help="for each, beside those it has")
    arguments = parser.parse_args()
    prepare_process()
    study = load_study(yaml.safe_load(arguments.study.read_text()), str(arguments.study), ROOT)
    for task in arguments.tasks:
        print(train(study, task, arguments.best, arguments.random, arguments.seeds), flush=True)


if __name__ == "__main__":
    main()
