"""One's own past runs as trial tables to learn from.

A trial that was stopped early, pruned above all, is taken to have stayed where it was. In sweeps
of the shipped tables under a median pruner that ranks the configurations better (Spearman's
0.71 with the true ends) than going on in parallel to the trials that were not pruned (0.68); a
test repeats this.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from probecast.console import logger
from probecast.errors import ProbecastError
from probecast.learner.curves import normalise
from probecast.metrics import METRICS
from probecast.tables.accounts import SHOWN, Account
from probecast.tables.reading import read_tables
from probecast.tables.settings import HistorySettings
from probecast.trials import IDENTITY, MEASURED, TrialTable


def read_history(name: str, settings: HistorySettings) -> list[TrialTable]:
    """Read past runs.

    Args:
        name: how the study calls the history.
        settings: where it is, and what it means.

    Returns:
        One table per past task, called ``<name>/<task>``, every trial complete or diverged. The
        family is the one of ``settings``, else the task's own name. A task whose runs all end
        alike, or next to the floor, is left out.

    Raises:
        ProbecastError: as ``read_tables``; the metric's values or direction are not those of the
            metric of that name; or all runs of every task end alike, or next to the
            floor.
    """
    account = Account(name, settings.path)
    read = read_tables(name, settings, True, account)
    tables = [_as_stated(name, _continued(table), settings) for table in read]
    for table in tables:
        _check_metric(settings, table)
    useful = [table for table in tables if normalise(table)]
    for as_read, table in list(zip(read, tables, strict=True))[:SHOWN]:
        last, missing = _last(as_read)
        diverged = (last["status"] == "diverged").sum()
        logger.info(
            "%s: %d trials, %d of them diverged, %d stopped early or pruned%s",
            *(table.info.task, len(last), diverged, np.count_nonzero(missing)),
            "" if table in useful else "; the rest tell nothing, so it is left out",
        )
    for as_read, table in zip(read, tables, strict=True):
        if table not in useful:
            flat = account.used.pop(as_read.info.task)
            account.leave_out(flat, "trials", "of tasks that tell nothing")
    account.say()
    if not useful:
        raise ProbecastError(
            f"{settings.path}: the finished runs of a task all end alike, or next to the floor, "
            "so there is nothing to learn; a history needs runs of two configurations that differ "
            "in their metric"
        )
    return useful


def _continued(table: TrialTable) -> TrialTable:
    """Give trials that stop early their last values up to the horizon."""
    last, missing = _last(table)
    added = last.loc[last.index.repeat(missing)]
    added["epoch"] += added.groupby(["config_id", "seed"], observed=True).cumcount() + 1
    added["seconds"] = np.nan  # nobody has spent them
    frame = pd.concat([table.frame, added]).sort_values(["config_id", "seed", "epoch"])
    return replace(table, frame=frame.reset_index(drop=True))


def _last(table: TrialTable) -> tuple[pd.DataFrame, np.ndarray]:
    """The last row of every trial, and how many epochs it lacks, if it did not diverge."""
    last = table.frame.groupby(["config_id", "seed"], observed=True).tail(1)
    return last, np.where(last["status"] == "ok", table.info.epochs - last["epoch"], 0)


def _as_stated(name: str, table: TrialTable, settings: HistorySettings) -> TrialTable:
    """Apply what the settings say of all tasks."""
    task, factor = f"{name}/{table.info.task}", settings.metric_factor
    floors = {
        split: getattr(table.info, split) * factor if settings.floor is None else settings.floor
        for split in ("floor_val", "floor_test")
    }
    family, architecture = settings.family or task, settings.architecture or name
    named = {"task": task, "dataset": task, "family": family, "architecture": architecture}
    info = replace(table.info, **named, **floors)
    # In a storage of several studies, a study may lack what another has.
    known = [column for column in table.hyperparameters if table.frame[column].notna().any()]
    frame = table.frame.assign(
        **named,
        **{column: table.frame[column] * factor for column in ("val_metric", "test_metric")},
    )
    return TrialTable(info, known, frame[[*IDENTITY, *known, *MEASURED]])


def _check_metric(settings: HistorySettings, table: TrialTable) -> None:
    """A metric that has the name of one of ours is that one."""
    metric = METRICS.get(table.info.metric)
    if metric is None:
        return
    where, better = settings.path, "larger" if metric.higher_is_better else "smaller"
    if table.info.higher_is_better != metric.higher_is_better:
        raise ProbecastError(
            f"{where}: metric {metric.name!r} is better when {better}, but higher_is_better says "
            "otherwise in the study file; correct it, or give the metric a name of your own"
        )
    values = [*table.frame["val_metric"], settings.floor or metric.ceiling]
    if problem := metric.impossible(values):
        raise ProbecastError(
            f"{where}: {problem}; set metric_factor in the study file (0.01 for per cent), or "
            "give the metric a name of your own"
        )
