"""All tuners on a table of many tasks: hold out some, learn from the rest, over all folds."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from probecast.console import Progress
from probecast.errors import ProbecastError
from probecast.evaluation.calibration import keep_beliefs
from probecast.evaluation.replay import replay
from probecast.evaluation.statistics import bootstrap_interval
from probecast.learner.pretraining import pretrain
from probecast.seeds import derive
from probecast.study.sections import ReplaySettings
from probecast.trials import TrialTable
from probecast.tuners import DEFAULT

MOST_SINGLE = 20  # tasks; with more, a fold holds several
GROUPS = 10


def folds(tasks: Sequence[str]) -> list[list[str]]:
    """Return which tasks are held out together.

    One task at a time, or ten groups where there are more than 20. Groups are neighbours by
    name, as related tasks often are: what a task resembles is then held out with it.
    """
    tasks = sorted(tasks)
    if len(tasks) < 2:
        raise ProbecastError(
            f"tasks {tasks}: a replay learns from the tasks that it does not hold out, so the "
            "table must hold at least 2"
        )
    count = len(tasks) if len(tasks) <= MOST_SINGLE else GROUPS
    return [[str(task) for task in fold] for fold in np.array_split(tasks, count)]


def replay_fold(
    tables: Sequence[TrialTable],
    held_out: Sequence[str],
    settings: ReplaySettings,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Replay the tuners on every held-out task, with the other tasks as sources.

    Args:
        tables: one per task.
        held_out: the fold's tasks.
        settings: methods, costs, repetitions and noise.
        seed: root of the seeds of tuners and noise.

    Returns:
        The rows of ``evaluation.replay.replay`` for all of the fold's tasks; and, of every run
        of our tuner, what it believes of its recommendation and what became of it
        (``evaluation.calibration``).
    """
    # One tuple for all, so that what is worked out from the sources is worked out once.
    sources = tuple(table for table in tables if table.info.task not in held_out)
    targets = [table for table in tables if table.info.task in held_out]
    methods = settings.methods or DEFAULT
    encoder = None
    if "probecast" in methods:
        encoder = pretrain(sources, derive(seed, "replay", "pretrain"))
    progress = Progress(f"replay of {', '.join(held_out)}", len(targets), "tasks")
    runs, beliefs = [], [pd.DataFrame()]
    for table in targets:
        runs.append(
            replay(
                table,
                sources,
                encoder=encoder,
                methods=methods,
                budgets=sorted(settings.costs),
                repetitions=settings.seeds,
                seed=seed,
                noise=settings.noise,
                watch=partial(keep_beliefs, beliefs, table),
            )
        )
        progress.step()
    return pd.concat(runs, ignore_index=True), pd.concat(beliefs, ignore_index=True)


def summarise(runs: pd.DataFrame, seed: int, kind: str = "") -> pd.DataFrame:
    """Return one row per method and total cost, in the order of ``runs``.

    Args:
        runs: the rows of all folds.
        seed: of the bootstrap.
        kind: ``"_from_scratch"`` for recommendations that are trained anew.

    Returns:
        ``method, cost, task_count, regret_mean, regret_ci_low, regret_ci_high,
        within_5pct, base_rate_5pct``: means over tasks of the means over repetitions, with
        the 95 % bootstrap interval over tasks (empty with one task). The base rate is that
        of a random configuration.
    """
    regret, hit, base = f"regret{kind}", f"within_5pct{kind}", "base_rate_5pct"
    tasks = runs.groupby(["method", "cost", "task"], sort=False)[[regret, hit, base]].mean()
    summary = []
    for (method, cost), rows in tasks.groupby(["method", "cost"], sort=False):
        names = rows.index.get_level_values("task")
        low, high = bootstrap_interval(rows[regret], names, derive(seed, "replay", "bootstrap"))
        summary.append(
            {
                "method": method,
                "cost": cost,
                "task_count": len(rows),
                "regret_mean": rows[regret].mean(),
                "regret_ci_low": float(low),
                "regret_ci_high": float(high),
                "within_5pct": rows[hit].mean(),
                base: rows[base].mean(),
            }
        )
    return pd.DataFrame(summary)
