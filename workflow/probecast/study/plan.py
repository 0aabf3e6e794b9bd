"""What a study will train, before it does: trials, epochs, FLOPs and core-hours by stage.

Trials of the sweep and all FLOPs per trial are counted. How many probes there will be, and how
many choices are retrained, depends on what is found: those are upper bounds, for configurations
of average size. Core-hours are estimated: seconds per step as a power of its FLOPs, fitted for
each architecture to the trial tables that come with the project, so for the machine that made
them.
"""

import math
import textwrap
from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
import pandas as pd

from probecast.data.spec import DataSpec
from probecast.learner import shipped
from probecast.space import Configuration
from probecast.study.finetuning import DEFAULT, PREDICTED, recipe
from probecast.study.model import Study
from probecast.study.sections import ROLES
from probecast.study.sources import swept_tasks
from probecast.training.cost import flops_per_example
from probecast.training.loop import complete
from probecast.trials import TrialTable, dataset_of, read_table
from probecast.tuners import DEFAULT as DEFAULT_TUNERS
from probecast.tuners import TUNERS

COLUMNS = ["stage", "task", "trials", "epochs", "flops", "core_seconds"]

FLOAT32_TIME = 1.4
"""How much longer training takes in float32 than in bfloat16, in which nearly all shipped tables
were made: 1.2 to 1.6 times in the default study's sweeps, where a table has the architecture.
"""


def plan(study: Study, specs: Mapping[str, DataSpec]) -> pd.DataFrame:
    """Return what every stage trains, one row per stage and task.

    Args:
        study: the study.
        specs: the preprocessed datasets' descriptions, by name.

    Returns:
        ``stage`` (``sweep``, ``probe``, ``train``, ``finetune``), ``task``, ``trials``,
        ``epochs``, ``flops`` of training, ``core_seconds`` of training and of the evaluation
        after every epoch. Trials that diverge end early, and so cost less than is said here.
    """
    rows = []
    for task in swept_tasks(study):
        swept = study.swept(task)
        each = [_epoch(study, specs[dataset_of(task)], task, one) for one in swept]
        epochs = study.training_of(task).epochs
        rows.append(("sweep", task, len(swept), len(swept) * epochs, *_sum(each, epochs)))
    for task in study.tasks:
        swept = study.swept(task)
        each = [_epoch(study, specs[dataset_of(task)], task, one) for one in swept]
        horizon = study.training_of(task).epochs
        probed = int(study.probe.cost * horizon)
        rows.append(("probe", task, probed, probed, *_sum(each, probed / len(swept))))
        if study.finetuning:
            continue  # that comparison takes the place of the other choices' retraining
        trials = len(_roles(study)) * study.final.seeds + probed
        final = trials * horizon
        rows.append(("train", task, trials, final, *_sum(each, final / len(swept))))
    for task in study.finetuning.tasks if study.finetuning else []:
        rows.append(("finetune", task, *_compared(study, task, specs[dataset_of(task)])))
    return pd.DataFrame(rows, columns=COLUMNS)


def _compared(study: Study, task: str, spec: DataSpec) -> tuple[float, ...]:
    """Return trials, epochs, FLOPs and core-seconds of all models of a task that are compared.

    What will be predicted is not known: the default configuration stands in for it.
    """
    settings, seeds = study.finetuning, study.final.seeds
    own = dict.fromkeys((PREDICTED, DEFAULT), study.default_of(task))
    horizon = study.training_of(task).epochs
    models = np.zeros(4)
    for name in settings.names:
        one = recipe(name, settings, spec.rows["train"], own, horizon)
        epoch = _epoch(study, spec, task, one.configuration)
        models += [1, one.epochs, *(cost * one.epochs for cost in epoch)]
    return int(models[0] * seeds), int(models[1] * seeds), *(models[2:] * seeds)


def in_words(study: str, table: pd.DataFrame) -> str:
    """Return the plan for the terminal.

    Args:
        study: the study's name.
        table: as ``plan`` returns it.
    """
    if table.empty:
        return f"The study {study} trains nothing."
    stages = table.groupby("stage", sort=False)[COLUMNS[2:]].sum()
    total = stages.sum()
    lines = [
        f"The study {study} will train:",
        "",
        f"{'stage':<8}{'trials':>12}{'epochs':>12}{'FLOPs':>12}{'core-hours':>12}",
    ]
    for name, stage in [*stages.iterrows(), ("all", total)]:
        bound = "" if name in ("sweep", "finetune") else "≤ "
        trials, epochs = (f"{bound}{int(stage[column]):,}" for column in ("trials", "epochs"))
        hours = _hours(stage["core_seconds"])
        lines.append(f"{name:<8}{trials:>12}{epochs:>12}{stage['flops']:>12.3g}{hours:>12}")
    probe = stages.loc["probe"]
    for paragraph in (
        "The probes alone, with what then completes the trainings that they recommend, cost "
        f"about {_hours(probe['core_seconds'])} core-hours and {probe['flops']:.3g} FLOPs, "
        f"{probe['flops'] / total['flops']:.1%} of all. A study file with one task, which "
        "learns from the tables that come with probecast, needs no more.",
        "Trials and FLOPs of sweep and finetune are counted; those of probe and train are the "
        "most there can be, of configurations of average size. Core-hours are estimated from "
        f"speeds measured on {_machine()}: they may be off by a factor of two, and on other "
        "machines by more. The other stages train no trials and are left out.",
    ):
        lines += ["", *textwrap.wrap(paragraph, 80)]
    return "\n".join(lines)


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.2g}"


def seconds_per_epoch(architecture: str, flops: float, steps: float) -> float:
    """Estimate the core-seconds of training for one epoch in bfloat16.

    An architecture that no shipped table has is taken for an average one.

    Args:
        architecture: the network's registered name, or the file of the user's own.
        flops: floating-point operations of the epoch.
        steps: gradient steps of the epoch.
    """
    fits = _speeds()
    slope, intercept = fits.get(architecture, fits["any"])
    return steps * math.exp(intercept + slope * math.log(flops / steps))


def _epoch(
    study: Study, spec: DataSpec, task: str, configuration: Configuration
) -> tuple[float, float]:
    """Return the FLOPs and the core-seconds of one epoch, the latter with its evaluation."""
    architecture = study.network_of(task)
    configuration = complete(architecture, configuration)
    rows = spec.rows["train"]
    flops = flops_per_example(architecture, configuration, spec) * rows
    seconds = seconds_per_epoch(architecture, flops, math.ceil(rows / configuration["batch_size"]))
    if study.training_of(task).precision == "float32":
        seconds *= FLOAT32_TIME
    # Evaluation is the forward third of a training step, on the other splits.
    return flops, seconds * (1 + (spec.rows["val"] + spec.rows["test"]) / rows / 3)


def _sum(each: Iterable[tuple[float, float]], times: float) -> tuple[float, float]:
    flops, seconds = zip(*each, strict=True)
    return sum(flops) * times, sum(seconds) * times


def _roles(study: Study) -> list[str]:
    """Return the roles that may be retrained: those of tuners only if these are replayed."""
    methods = study.baselines.methods or DEFAULT_TUNERS
    return [role for role in ROLES if role not in TUNERS or role == "grid" or role in methods]


@cache
def _speeds() -> dict[str, tuple[float, float]]:
    """Return slope and intercept of ln(seconds per step) over ln(FLOPs per step).

    Keys are the shipped tables' architectures, and ``any`` for all of them together. Tables in
    float32 are left out, for they were made on another machine.
    """
    measured: dict[str, list[np.ndarray]] = {}
    for table in _tables_in_bfloat16():
        rows = math.exp(table.info.meta_features["log_rows"])
        frame = table.frame[table.frame["status"] == "ok"]
        steps = np.ceil(np.round(rows) / frame["batch_size"])
        points = np.log(np.stack([frame["flops"] / steps, frame["seconds"] / steps]))
        for key in (table.info.architecture, "any"):
            measured.setdefault(key, []).append(points)
    return {
        key: tuple(np.polyfit(*np.concatenate(points, axis=1), deg=1))
        for key, points in measured.items()
    }


def _machine() -> str:
    """Name what the shipped tables' seconds were measured on."""
    return "; ".join(sorted({table.info.machine for table in _tables_in_bfloat16()}))


def _tables_in_bfloat16() -> list[TrialTable]:
    """Return the shipped tables by which speeds are judged."""
    tables = map(read_table, shipped.tables())
    return [table for table in tables if table.info.precision == "bfloat16"]
