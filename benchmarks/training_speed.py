"""How fast many small trials are trained: this project's way beside three usual ones.

``python -m benchmarks.training_speed`` trains the same configurations, on the same data, for the
same epochs, in the same number format, with the same processes of one thread each:

* ``ours``: as many processes as cores, each with its share of the trials;
* ``process_per_trial``: the same training, but every trial in a fresh process;
* ``optuna``: a study over an ordinary PyTorch loop with DataLoader, in as many processes;
* ``trainer``: a ``transformers.Trainer`` per trial, in as many processes (the transformer only).

The networks are the same but for one thing: in ours, dropout draws its mask in a faster way
(``probecast.networks.dropout``), as that is part of how we train; the others have PyTorch's.

The sides take turns, in another order in every repetition, so that a neighbour on the machine
disturbs none of them more than the others; times are medians over repetitions. A whole run
lasts from the start of the first process to the end of the last, imports included.
"""

import argparse
import json
import math
import os
import sys
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean, median, stdev
from tempfile import TemporaryDirectory, mkdtemp

from benchmarks.jobs import Job
from benchmarks.runs import SIDES, Run, run_side
from benchmarks.tables import heading, markdown
from benchmarks.tasks import TASKS, default_study, make_data, sample
from probecast.data.spec import DataSpec
from probecast.errors import ProbecastError
from probecast.seeds import derive
from probecast.space import config_id
from probecast.study.model import Study
from probecast.training.cost import flops_per_example

ARCHITECTURES = ("cnn", "rnn", "transformer")
NEEDS = {"optuna": "optuna", "trainer": "accelerate"}
PACKAGES = ["torch", "transformers", "optuna", "accelerate"]


def main() -> None:
    """Run the comparison and print its table."""
    options = parse()
    try:
        runs = compare(options)
    except ProbecastError as error:
        sys.exit(f"Error: {error}")
    about = [
        *heading("Training speed", "benchmarks.training_speed", PACKAGES),
        f"- {options.trials} configurations, {options.epochs} epochs, {options.precision}, "
        f"{options.cores} processes of one thread, median of {options.repetitions} repetitions",
    ]
    rows = [row for architecture in options.architectures for row in summarise(architecture, runs)]
    print("\n".join([*about, "", *markdown(rows)]))
    if options.json:
        record = {"about": about, "table": rows, "runs": [asdict(run) for run in runs]}
        options.json.write_text(json.dumps(record, indent=1))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--architectures", nargs="+", choices=ARCHITECTURES, default=ARCHITECTURES)
    add("--sides", nargs="+", choices=list(SIDES), default=list(SIDES), help="ours always runs")
    add("--trials", type=int, default=12, help="configurations per architecture")
    add("--epochs", type=int, default=3)
    add("--precision", choices=["float32", "bfloat16"], default="float32")
    add("--repetitions", type=int, default=3)
    add("--cores", type=int, default=len(os.sched_getaffinity(0)))
    add("--json", type=Path, help="also write every trial of every run to this file")
    return parser.parse_args()


def compare(options: argparse.Namespace) -> list[Run]:
    """Let all sides train everything, as often as asked for."""
    sides = list(dict.fromkeys(["ours", *options.sides]))
    check_installed(sides)
    study, runs = default_study(), []
    with TemporaryDirectory() as scratch:
        for architecture in options.architectures:
            job = all_trials(study, architecture, options, Path(scratch))
            for repetition in range(options.repetitions):
                seed = derive(study.seed, "benchmark", repetition)
                for side in turns(sides, architecture, repetition):
                    print(f"{architecture}, repetition {repetition + 1}: {side}", file=sys.stderr)
                    own = replace(job, seed=seed, folder=mkdtemp(dir=scratch))
                    runs.append(run_side(side, repetition, own, options.cores))
    return runs


def check_installed(sides: list[str]) -> None:
    """Raise ProbecastError if a side's package is missing."""
    for side in sides:
        package = NEEDS.get(side)
        if package and find_spec(package) is None:
            raise ProbecastError(
                f"--sides {side}: needs the package {package!r}, which is not installed; "
                "`pip install -e '.[bench]'`, or name only other sides."
            )


def all_trials(study: Study, architecture: str, options: argparse.Namespace, scratch: Path) -> Job:
    """Make the data and return all trials of an architecture.

    The largest come first, so that at the end no core waits long for another.
    """
    task = TASKS[architecture]
    data = make_data(study, task, scratch)
    spec = DataSpec.read(data / "spec.json")
    changes = {"epochs": options.epochs, "precision": options.precision, "device": "cpu"}
    return Job(
        task=task,
        data=str(data),
        configurations=sorted(
            sample(study, task, options.trials),
            key=lambda configuration: flops_per_example(architecture, configuration, spec),
            reverse=True,
        ),
        levels={name: h.choices for name, h in study.space_of(task).root.items()},
        seed=study.seed,
        training={**study.training.model_dump(), **changes},
        folder=str(scratch),
    )


def turns(sides: list[str], architecture: str, repetition: int) -> list[str]:
    """Return the sides that train the architecture, each repetition in another order."""
    able = [side for side in sides if side != "trainer" or architecture == "transformer"]
    first = repetition % len(able)
    return able[first:] + able[:first]


def summarise(architecture: str, runs: list[Run]) -> list[dict[str, str]]:
    """Return one row per side: its times, ours over them, and how well the metrics agree."""
    of = {(run.side, run.repetition): run for run in runs if run.architecture == architecture}
    repetitions = sorted({repetition for _, repetition in of})
    rows = []
    for side in SIDES:
        if (side, 0) not in of:
            continue
        pairs = [(of[side, repetition], of["ours", repetition]) for repetition in repetitions]
        wall = median(run.seconds / ours.seconds for run, ours in pairs)
        core = median(run.trial_seconds / ours.trial_seconds for run, ours in pairs)
        metrics = [pair for run, ours in pairs for pair in final_metrics(run, ours)]
        difference, error = mean_and_error([value - our_value for value, our_value in metrics])
        rows.append(
            {
                "architecture": architecture,
                "side": side,
                "whole run (s)": f"{median(run.seconds for run, _ in pairs):.1f}",
                "over ours": f"{wall:.2f}",
                "one trial (core s)": f"{median(run.trial_seconds for run, _ in pairs):.2f}",
                "trial over ours": f"{core:.2f}",
                "final accuracy": f"{mean_and_error([value for value, _ in metrics])[0]:.3f}",
                "minus ours": f"{difference:+.3f} ± {error:.3f}",
            }
        )
    return rows


def final_metrics(run: Run, ours: Run) -> list[tuple[float, float]]:
    """Pair the final validation metrics of a side with ours.

    Trials that diverged are left out: ours stop there, an ordinary loop trains on in vain.
    """
    theirs = {config_id(trial.configuration): trial.val_metric for trial in run.trials}
    return [
        (theirs[config_id(trial.configuration)], trial.val_metric)
        for trial in ours.trials
        if math.isfinite(trial.val_metric)
    ]


def mean_and_error(values: list[float]) -> tuple[float, float]:
    """Return the mean and its standard error, NaN if there are too few values."""
    if len(values) < 2:
        return math.nan, math.nan
    return fmean(values), stdev(values) / math.sqrt(len(values))


if __name__ == "__main__":
    main()
