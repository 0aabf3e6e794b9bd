"""How time and memory grow with a study: its job graph, evaluate, and replay.

``python -m benchmarks.scale`` prints three sizes of each, up to 100,000 trials in the graph and
10 million rows in the tables. Every measurement is a process of its own, whose processor time
and largest resident memory the kernel has counted; its input is made up before.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from functools import cache
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.tasks import ROOT, TASKS, default_study
from probecast.evaluation.architectures import leave_one_architecture_out
from probecast.evaluation.benchmark import replay_fold
from probecast.evaluation.calibration import BELIEF_COLUMNS, calibration
from probecast.evaluation.choices import choose, distinct, write_choices
from probecast.evaluation.importance import importance
from probecast.evaluation.replay import BASELINE_COLUMNS
from probecast.evaluation.results import read_tasks, study_beliefs
from probecast.evaluation.scores import score
from probecast.learner.recommendation import (
    Cost,
    EncoderUsed,
    Interval,
    Recommendation,
    Transfer,
)
from probecast.space import Configuration, config_id
from probecast.study.sections import ReplaySettings
from probecast.tables.reading import read_tables
from probecast.tables.settings import TableSettings
from probecast.trials import IDENTITY, TaskInfo, TrialTable, architecture_of, dataset_of

GRID = default_study().space.grid()  # 486 configurations
EPOCHS = 100
ROWS = len(GRID) * EPOCHS  # of one task's table
SIZES = (52, 103, 206)  # tasks: 206 x 486 = 100,116 trials, and 206 x 48,600 = 10,011,600 rows
# In between, since a process counts the memory of the one that started it as its own.
WATCH = """
import resource, subprocess, sys, time
start = time.monotonic()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(status)
"""
HEADER = (
    f"{'stage':<9} {'tasks':>6} {'trials':>8} {'rows':>11} "
    f"{'seconds':>8} {'core-seconds':>13} {'MB':>6}"
)


def main() -> None:
    """Print the table; with a stage and a folder, be the process that is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", nargs="?", choices=("evaluate", "replay"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--tasks", type=int, nargs="*", default=SIZES)
    arguments = parser.parse_args()
    if arguments.stage:
        return {"evaluate": evaluate, "replay": replay}[arguments.stage](arguments.folder)
    print(HEADER, flush=True)
    for stage, make in (("graph", make_study), ("evaluate", make_results), ("replay", make_table)):
        for tasks in arguments.tasks:
            with tempfile.TemporaryDirectory() as folder:
                make(Path(folder), tasks)
                seconds, core_seconds, memory = measure(stage, folder)
            trials = tasks * len(GRID)
            rows = "" if stage == "graph" else f"{tasks * ROWS:,}"
            print(
                f"{stage:<9} {tasks:>6} {trials:>8,} {rows:>11} "
                f"{seconds:>8.1f} {core_seconds:>13.1f} {memory:>6.0f}",
                flush=True,
            )


def measure(stage: str, folder: str) -> tuple[float, float, float]:
    """Run one stage on what lies in a folder; return its seconds, core-seconds and megabytes."""
    command = ["benchmarks.scale", stage, folder]
    if stage == "graph":
        command = ["snakemake", "--dry-run", "--cores", "1", "--quiet", "all"]
        command += ["--snakefile", str(ROOT / "Snakefile"), "--directory", folder]
        command += ["--configfile", str(Path(folder, "study.yaml"))]
    done = subprocess.run(
        [sys.executable, "-c", WATCH, sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{stage}: {done.stderr}")
    seconds, core_seconds, memory = map(float, done.stdout.split())
    return seconds, core_seconds, memory


def names(tasks: int) -> list[str]:
    """Return so many task names, over all modalities of the default study."""
    kinds = [TASKS[key] for key in sorted(TASKS)]
    return [
        f"{dataset_of(kind)}_{number}-{architecture_of(kind)}"
        for number, kind in zip(range(tasks), cycle(kinds), strict=False)
    ]


# -- the graph -----------------------------------------------------------------------


def make_study(folder: Path, tasks: int) -> None:
    """Write a study of the complete grid."""
    study = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    study["tasks"] = names(tasks)
    study["datasets"] = {
        dataset_of(task): {"source": dataset_of(task).rpartition("_")[0], "train_rows": 100}
        for task in study["tasks"]
    }
    study["sweep"] = {"configurations": "all"}
    Path(folder, "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")


# -- evaluate ------------------------------------------------------------------------


def make_results(folder: Path, tasks: int) -> None:
    """Write what evaluate reads of a study, made up."""
    for task in names(tasks):
        own = folder / task
        sweep = made_up_table(task, tuple(GRID), (0,))
        prediction = made_up_prediction()
        baselines = pd.DataFrame(
            [
                (task, method, 0, 1.0, config_id(GRID[7]), 0.5, 0.5, 0.5)
                for method in ("probecast", "random", "portfolio", "best_average")
            ],
            columns=BASELINE_COLUMNS,
        ).assign(within_5pct=False)
        beliefs = pd.DataFrame(
            [(task, 1.0, 0, 0.6, 0.4, 0.8, 0.5, 0.5, False, 0.5)], columns=BELIEF_COLUMNS
        )
        choices = choose(prediction, baselines, sweep, GRID[9])
        final = made_up_table(task, distinct(choices), (1, 2, 3))
        for name in ("probes", "final", "continued"):
            final.write(own / f"{name}.parquet")
        sweep.write(own / "sweep.parquet")
        for name in ("baselines", "unlike"):
            baselines.to_parquet(own / f"{name}.parquet", index=False)
        beliefs.to_parquet(own / "beliefs.parquet", index=False)
        prediction.write(own / "prediction.json")
        write_choices(own / "choices.json", choices)


def made_up_prediction() -> Recommendation:
    """Return a recommendation after three epochs of probes."""
    return Recommendation(
        configuration=GRID[5],
        expected_metric=0.8,
        interval=Interval(level=0.8, low=0.7, high=0.9),
        probability_within_5pct=0.5,
        alternatives=[],
        probes=[],
        probe_cost=Cost(epochs=3, full_runs=0.03, seconds=3.0, flops=3e9),
        training_cost=Cost(epochs=EPOCHS, full_runs=1.0, seconds=100.0, flops=1e11),
        meta_encoder=EncoderUsed(hash="0", sources_used=[]),
        matched=[],
        unmatched=[],
        transfer=Transfer(summary="", scales={}, reasons={}, outside={}),
        training_arguments=None,
    )


def made_up_table(
    task: str, configurations: Sequence[Configuration], seeds: Sequence[int]
) -> TrialTable:
    """Return noisy curves that rise to a level of their own; those of a family are alike."""
    info = TaskInfo(
        task=task,
        dataset=dataset_of(task),
        family=dataset_of(task).rpartition("_")[0],
        architecture=architecture_of(task),
        metric="accuracy",
        higher_is_better=True,
        floor_val=0.1,
        floor_test=0.1,
        epochs=EPOCHS,
        precision="float32",
        machine="made up",
        meta_features={},
    )
    rows = pd.DataFrame(configurations)
    rows["config_id"] = [config_id(configuration) for configuration in configurations]
    rows = rows.sort_values("config_id").loc[lambda r: r.index.repeat(len(seeds) * EPOCHS)]
    curves = made_up_curves(info.family, len(configurations) * len(seeds))
    frame = rows.reset_index(drop=True).assign(
        **{name: getattr(info, name) for name in IDENTITY if name != "config_id"},
        **dict.fromkeys(("train_loss", "val_loss", "seconds", "flops"), 1.0),
        seed=np.tile(np.repeat(seeds, EPOCHS), len(configurations)),
        epoch=np.tile(np.arange(1, EPOCHS + 1), len(curves)),
        val_metric=curves.ravel(),
        test_metric=curves.ravel() + 0.005,
        status="ok",
    )
    return TrialTable(info, list(configurations[0]), frame)


@cache
def made_up_curves(family: str, trials: int) -> np.ndarray:
    """Return (trials, EPOCHS) values."""
    generator = np.random.default_rng(zlib.crc32(family.encode()))
    level, noise = (
        generator.uniform(0.2, 0.9, (trials, 1)),
        generator.normal(size=(trials, EPOCHS)),
    )
    return level * (1 - 0.9 ** np.arange(1, EPOCHS + 1)) + 0.01 * noise


def evaluate(folder: Path) -> None:
    """What ``workflow/scripts/evaluate.py`` does before it writes."""
    names = sorted(path.name for path in folder.iterdir())
    tables = ("sweep", "probes", "final", "continued", "baselines", "beliefs", "unlike")
    kinds = {"parquet": tables, "json": ("prediction", "choices")}
    files = {
        name: [str(folder / task / f"{name}.{kind}") for task in names]
        for kind, those in kinds.items()
        for name in those
    }
    tasks = read_tasks(dict.fromkeys(names, len(GRID)), len(GRID), files)
    score(tasks, "scale", seed=0)
    calibration(study_beliefs(tasks))
    importance(tasks, seed=0)
    leave_one_architecture_out(tasks)


# -- replay --------------------------------------------------------------------------


def make_table(folder: Path, tasks: int) -> None:
    """Write a table of many tasks as others keep it."""
    columns = ["task", "config_id", *GRID[0], "epoch", "val_metric"]
    frames = []
    for task in names(tasks):
        frame = made_up_table(task, tuple(GRID), (0,)).frame[columns]
        text = frame.select_dtypes(["object", "str"]).columns
        frames.append(frame.astype(dict.fromkeys(text, "category")))
    whole = pd.concat(frames, ignore_index=True)
    whole.to_parquet(folder / "table.parquet", index=False)


def replay(folder: Path) -> None:
    """What ``workflow/scripts/replay_fold.py`` does before it writes, for a fold of one task."""
    settings = TableSettings(
        path=str(folder / "table.parquet"), metric="accuracy", higher_is_better=True
    )
    tables = read_tables("scale", settings)
    replay_fold(tables, [tables[0].info.task], ReplaySettings(), seed=0)


if __name__ == "__main__":
    main()
