"""Read a table from elsewhere into one ``TrialTable`` per task.

Identities are taken from the hyperparameters, so that tasks share their configurations
whatever these are called in the table. Tables of ten million rows are meant to fit: names
are categories, and nothing runs row by row.
"""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from probecast.console import logger
from probecast.errors import ProbecastError
from probecast.metrics import METRICS
from probecast.tables.columns import (
    column_names,
    hyperparameter_columns,
    in_our_terms,
    names_in,
    numbers_in,
    present_columns,
    read_columns,
)
from probecast.tables.configurations import (
    check_distinct,
    check_settings,
    check_unique,
    identify,
    number_rows,
)
from probecast.tables.optuna_storage import COLUMNS, storage_frame, study_names
from probecast.tables.settings import Columns, TableSettings, chosen_tasks
from probecast.tables.task_table import task_table
from probecast.trials import TrialTable


def read_tables(name: str, settings: TableSettings, partial: bool = False) -> list[TrialTable]:
    """Read a table from elsewhere.

    - Rows of epoch 0 are no part of the curves: the median of their finite values is the
      task's floor. Without them the floor is NaN: nobody knows it before probing. Of a metric
      that is none of ours, all tasks have a floor or none has.
    - A trial ends as diverged at its first value that is not finite. Huge values are data.
    - Epochs are counted in steps of the first one: 10, 20, 30 become 1, 2, 3.
    - Trials that neither reach the task's last epoch nor diverge are left out, and the log
      says how many: what they would have come to is not known.
    - Trials of an Optuna study: see ``tables.optuna_storage``.

    Args:
        name: how the study calls the table; stands in for the architecture.
        settings: where the table is, and what its columns mean.
        partial: keep the trials that stop early; only those with a gap are left out.

    Returns:
        One table per task, sorted by the task's name. Every task is its own family.

    Raises:
        ProbecastError: a column is missing or holds what it must not, a row stands there
            twice, a configuration contradicts itself, or a task has no finite value.
    """
    path, columns = settings.path, settings.columns
    if settings.is_storage:
        columns, (frame, larger_is_better) = COLUMNS, storage_frame(settings)
        hyperparameters = hyperparameter_columns(path, settings, list(frame), columns)
    else:
        found = column_names(Path(path))
        hyperparameters = hyperparameter_columns(path, settings, found, columns)
        read = [own.column for own in hyperparameters.values()]
        frame = read_columns(Path(path), [*present_columns(path, found, columns).values(), *read])
    tasks, task = _tasks(path, frame, columns)
    if len(chosen := chosen_tasks(settings, tasks)) < len(tasks):
        frame = frame[np.isin(np.array(tasks)[task], chosen)].reset_index(drop=True)
        tasks, task = _tasks(path, frame, columns)
    rows = _rows(path, frame, columns)
    settings_of = in_our_terms(path, frame, hyperparameters)
    if columns.config_id is None:
        configuration = number_rows(settings_of)
    else:
        configuration = names_in(path, frame, columns.config_id)[1]
    # One number per (task, config_id), and the first row of each.
    pair, _ = pd.factorize(task.astype(np.int64) * (configuration.max() + 1) + configuration)
    first = np.empty(pair.max() + 1, dtype=np.int64)
    first[pair[::-1]] = np.arange(len(pair))[::-1]
    check_settings(path, settings_of, frame, columns, first[pair])
    identities, rank = identify(settings_of.iloc[first])
    check_distinct(path, frame, columns, task[first], rank, first)
    rows["config_id"], rows[list(settings_of)] = rank[pair], settings_of
    order = np.lexsort((rows["epoch"], rows["seed"], rows["config_id"], task))
    bounds = np.searchsorted(task[order], np.arange(len(tasks) + 1))
    tables = []
    for number in np.argsort(tasks):
        own = rows.iloc[order[bounds[number] : bounds[number + 1]]]
        where = f"{path}: task {tasks[number]!r}"
        check_unique(where, own, identities, columns)
        if settings.is_storage:
            better = {"higher_is_better": larger_is_better[tasks[number]]}
            settings = settings.model_copy(update=better)
        tables.append(task_table(where, tasks[number], name, own, identities, settings, partial))
    return _floors_of_all_or_none(path, tables)


def _floors_of_all_or_none(path: str, tables: list[TrialTable]) -> list[TrialTable]:
    """Forget the floors if only some tasks have one; of our own metrics, each task can be placed.

    Curves of any other metric count from the floor or from where the trials begin, and those of
    one kind tell nothing of the other.
    """
    without = [table.info.task for table in tables if np.isnan(table.info.floor_val)]
    if not without or len(without) == len(tables) or tables[0].info.metric in METRICS:
        return tables
    logger.info(
        "%s: %d of %d tasks, such as %r, have no rows of epoch 0, so those of the others are left "
        "out, too",
        *(path, len(without), len(tables), without[0]),
    )
    nothing = {"floor_val": np.nan, "floor_test": np.nan}
    return [replace(table, info=replace(table.info, **nothing)) for table in tables]


def task_names(settings: TableSettings) -> list[str]:
    """Return the sorted names of a table's tasks; only their column is read, and once."""
    if settings.is_storage:
        return study_names(settings)
    path = Path(settings.path)
    present_columns(settings.path, column_names(path), settings.columns)
    if settings.columns.task is None:
        return chosen_tasks(settings, [path.stem])
    found = _task_names(path, settings.columns.task, path.stat().st_mtime_ns)
    return chosen_tasks(settings, list(found))


@lru_cache
def _task_names(path: Path, column: str, modified: int) -> tuple[str, ...]:
    return tuple(sorted(names_in(str(path), read_columns(path, [column]), column)[0]))


def _rows(path: str, frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """What is measured, under the trial table's names."""
    rows = pd.DataFrame(index=frame.index)
    epochs = 1 if columns.epoch is None else numbers_in(path, frame, columns.epoch)
    whole = np.isfinite(epochs) & (epochs == np.floor(epochs)) & (np.asarray(epochs) >= 0)
    if not whole.all():
        wrong = frame[columns.epoch][~whole].iloc[0]
        raise ProbecastError(
            f"{path}: column {columns.epoch!r} holds {wrong}; an epoch is a whole number, 0 "
            "for the untrained model: correct the rows or columns.epoch in the study file"
        )
    rows["epoch"] = np.asarray(epochs, dtype=np.int64)  # tokens seen may pass 2^31
    if columns.seed in frame:
        rows["seed"] = pd.factorize(frame[columns.seed], sort=True)[0]
    else:
        own = columns.config_id is None and columns.epoch is None
        rows["seed"] = np.arange(len(frame)) if own else 0
    test = columns.test_metric if columns.test_metric in frame else columns.val_metric
    rows["val_metric"] = numbers_in(path, frame, columns.val_metric)
    rows["test_metric"] = numbers_in(path, frame, test)
    rows["seconds"] = np.float32(np.nan)
    if columns.seconds in frame:
        rows["seconds"] = numbers_in(path, frame, columns.seconds).astype(np.float32)
    return rows


def _tasks(path: str, frame: pd.DataFrame, columns: Columns) -> tuple[list[str], np.ndarray]:
    """The names of the tasks, and the number of each row's."""
    if columns.task is None:
        return [Path(path).stem], np.zeros(len(frame), dtype=np.int64)
    return names_in(path, frame, columns.task)
