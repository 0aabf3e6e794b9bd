"""Read a table from elsewhere into one ``TrialTable`` per task.

Identities are taken from the hyperparameters, so that tasks share their configurations
whatever these are called in the table. Tables of ten million rows are meant to fit: names
are categories, and nothing runs row by row.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from probecast.console import logger
from probecast.errors import ProbecastError
from probecast.metrics import METRICS
from probecast.tables.accounts import Account
from probecast.tables.columns import check_unlisted, hyperparameter_columns, present_columns
from probecast.tables.configurations import (
    check_distinct,
    check_settings,
    check_unique,
    filled,
    identify,
    number_rows,
)
from probecast.tables.files import PACKED, column_names, read_columns
from probecast.tables.optuna_storage import COLUMNS, storage_frame, study_names
from probecast.tables.settings import Columns, HyperparameterColumn, TableSettings, chosen_tasks
from probecast.tables.states import State, states_in
from probecast.tables.task_table import task_table
from probecast.tables.values import hyperparameter_in, names_in, numbers_in, ranks_in
from probecast.trials import TrialTable


@dataclass(frozen=True)
class _Read:
    """Rows of a table, hyperparameters in our terms.

    Attributes:
        frame: its cells; the labels are the rows' numbers in the table, from 0.
        values: their hyperparameters.
        blank: (rows) which hold no metric.
        state: (rows) what became of their trials; None where the table does not say.
        higher_is_better: by task, if the table says so itself.
    """

    frame: pd.DataFrame
    values: pd.DataFrame
    blank: np.ndarray
    state: np.ndarray | None
    higher_is_better: dict[str, bool]

    def only(self, wanted: np.ndarray) -> "_Read":
        """Return some of the rows."""
        state = None if self.state is None else self.state[wanted]
        return _Read(
            self.frame[wanted],
            self.values[wanted],
            self.blank[wanted],
            state,
            self.higher_is_better,
        )


def read_tables(
    name: str, settings: TableSettings, partial: bool = False, account: Account | None = None
) -> list[TrialTable]:
    """Read a table from elsewhere.

    - Rows of epoch 0 are no part of the curves: the median of their finite values is the
      task's floor. Without them the floor is NaN: nobody knows it before probing. Of a metric
      that is none of ours, all tasks have a floor or none has.
    - A trial ends as diverged at its first value that is not finite. Huge values are data.
    - Of a row whose metric is blank nothing is known, and of a trial that still runs: they are
      left out, but their hyperparameters hold for the rows of the same configuration.
    - Epochs are counted in steps of the first one: 10, 20, 30 become 1, 2, 3.
    - Trials that neither reach the task's last epoch nor diverge are left out: what they would
      have come to is not known.
    - Trials of an Optuna study: see ``tables.optuna_storage``.

    Args:
        name: how the study calls the table; stands in for the architecture.
        settings: where the table is, and what its columns mean.
        partial: keep the trials that stop early; only those with a gap are left out.
        account: told of all that is left out; by default, it is logged at the end.

    Returns:
        One table per task, sorted by the task's name. Every task is its own family.

    Raises:
        ProbecastError: a column is missing or holds what it must not, a row stands there
            twice, a configuration contradicts itself, or a task has no finite value.
    """
    path, columns = settings.path, COLUMNS if settings.is_storage else settings.columns
    reported, account = account is None, account or Account(name, settings.path)
    read = _storage(settings, account) if settings.is_storage else _file(settings, account)
    read = _usable(settings, read, account)
    frame, settings_of = read.frame, read.values
    tasks, task = _tasks(path, frame, columns)
    rows = _rows(path, read, columns, settings.first_epoch)
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
    if not settings.hyperparameters and not settings.is_storage:
        distinct = settings_of.iloc[first[np.sort(np.unique(rank, return_index=True)[1])]]
        for column in distinct.columns if len(distinct.columns) > 1 else ():
            check_unlisted(path, column, distinct[column])
    rows["config_id"], rows[list(settings_of)] = rank[pair], settings_of
    order = np.lexsort((rows["epoch"], rows["seed"], rows["config_id"], task))
    bounds = np.searchsorted(task[order], np.arange(len(tasks) + 1))
    tables = []
    for number in np.argsort(tasks):
        own = rows.iloc[order[bounds[number] : bounds[number + 1]]]
        where = f"{path}: task {tasks[number]!r}"
        check_unique(where, own, identities, columns)
        if settings.is_storage:
            better = {"higher_is_better": read.higher_is_better[tasks[number]]}
            settings = settings.model_copy(update=better)
        table = task_table(where, tasks[number], name, own, identities, settings, partial, account)
        account.used[table.info.task] = len(table.frame[["config_id", "seed"]].drop_duplicates())
        tables.append(table)
    if reported:
        account.say()
    return _floors_of_all_or_none(path, tables)


def _file(settings: TableSettings, account: Account) -> _Read:
    """The rows of a file's tasks, as far as they are wanted."""
    path, columns = settings.path, settings.columns
    found = column_names(Path(path))
    named = hyperparameter_columns(path, settings, found, columns)
    present = present_columns(path, found, columns)
    own = [each.column for each in named.values()]
    frame, blank = read_columns(Path(path), [*present.values(), *own])
    account.rows, state = len(frame), None
    if "state" in present and present["state"] not in own:
        doubtful = columns.state is None or (
            columns.state == Columns().state and bool(settings.hyperparameters)
        )
        state = states_in(path, frame, present["state"], doubtful)
    values = _values(path, frame, named, account)
    missing = blank[columns.val_metric].to_numpy() & (settings.empty_metric == "unknown")
    read = _Read(frame, values, missing, state, {})
    if settings.tasks is None or columns.task is None:
        return read
    names = frame[columns.task].astype(object).map(str, na_action="ignore")
    wanted = names.isin(chosen_tasks(settings, sorted(names.dropna().unique()))).to_numpy()
    account.rows = np.count_nonzero(wanted)
    return read.only(wanted)


def _storage(settings: TableSettings, account: Account) -> _Read:
    """The rows of a storage's studies, as far as they are wanted."""
    frame, higher_is_better = storage_frame(settings, account)
    named = hyperparameter_columns(settings.path, settings, list(frame), COLUMNS)
    values = _values(settings.path, frame, named, account)
    return _Read(frame, values, np.zeros(len(frame), dtype=bool), None, higher_is_better)


def _values(
    path: str, frame: pd.DataFrame, named: dict[str, HyperparameterColumn], account: Account
) -> pd.DataFrame:
    """The hyperparameters of all rows."""
    values = {}
    for name, own in named.items():
        cells = frame[own.column]
        values[name], account.hyperparameters[name] = hyperparameter_in(path, name, cells, own)
    if all(column.isna().all() for column in values.values()):
        raise ProbecastError(
            f"{path}: no hyperparameter has a value ({', '.join(named)}); fill their columns, or "
            "name others under 'hyperparameters' in the study file"
        )
    return pd.DataFrame(values, index=frame.index)


def _usable(settings: TableSettings, read: _Read, account: Account) -> _Read:
    """The rows that say how a trial went, those of failed trials without a metric among them.

    Hyperparameters that only other rows of a configuration tell are filled in; what is left out is
    counted.
    """
    columns, rows = settings.columns, "rows"
    if settings.is_storage:
        return read
    if columns.config_id is not None:
        by = [c for c in (columns.task, columns.config_id) if c is not None]
        read = replace(read, values=filled(read.values, read.frame[by]))
    state = np.full(len(read.frame), State.COMPLETE) if read.state is None else read.state
    failed, complete = state == State.FAILED, state == State.COMPLETE
    unfinished = state == State.UNFINISHED
    stopped = (state == State.STOPPED) & (columns.epoch is None)
    number = number_rows(read.values)
    retried = failed & np.isin(number, number[complete & ~read.blank])
    unknown = read.blank & ~failed & ~unfinished & ~stopped
    account.leave_out(unfinished.sum(), rows, State.UNFINISHED.value)
    account.leave_out(stopped.sum(), rows, State.STOPPED.value)
    account.leave_out(retried.sum(), rows, "failed, but not another time")
    account.leave_out(unknown.sum(), rows, f"without a value in {columns.val_metric!r}")
    usable = ~(unfinished | stopped | retried | unknown)
    if not usable.any():
        raise ProbecastError(
            f"{settings.path}: no row has a value to learn from: {account.in_words()}; correct "
            "columns.val_metric in the study file, or fill the column"
        )
    return read.only(usable)


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
        return chosen_tasks(settings, [_only_task(path)])
    state = path.stat()
    found = _task_names(path, settings.columns.task, (state.st_mtime_ns, state.st_size))
    return chosen_tasks(settings, list(found))


@lru_cache
def _task_names(path: Path, column: str, state: tuple[int, int]) -> tuple[str, ...]:
    frame, blank = read_columns(path, [column])
    named = frame[~blank[column]]  # a row without a task may be one that says nothing
    return tuple(sorted(names_in(str(path), named, column)[0]))


def _rows(path: str, read: _Read, columns: Columns, first_epoch: int) -> pd.DataFrame:
    """What is measured, under the trial table's names."""
    frame = read.frame
    rows = pd.DataFrame(index=frame.index)
    epochs = np.array(1.0) if columns.epoch is None else numbers_in(path, frame, columns.epoch)
    whole = np.isfinite(epochs) & (epochs == np.floor(epochs)) & (np.asarray(epochs) >= 0)
    if not whole.all():
        wrong = frame[columns.epoch][~whole].iloc[0]
        raise ProbecastError(
            f"{path}: column {columns.epoch!r} holds {wrong}; an epoch is a whole number, 0 "
            "for the untrained model: correct the rows or columns.epoch in the study file"
        )
    counted = columns.epoch is not None and columns.epoch != COLUMNS.epoch
    later = 1 - first_epoch if counted else 0
    rows["epoch"] = np.asarray(epochs, dtype=np.int64) + later  # tokens seen may pass 2^31
    if columns.seed in frame:
        rows["seed"] = ranks_in(frame, columns.seed)
    else:
        own = columns.config_id is None and columns.epoch is None
        rows["seed"] = np.arange(len(frame)) if own else 0
    test = columns.test_metric if columns.test_metric in frame else columns.val_metric
    rows["val_metric"] = numbers_in(path, frame, columns.val_metric)
    rows["test_metric"] = numbers_in(path, frame, test)
    if read.state is not None:
        failed = read.state == State.FAILED
        rows.loc[failed, ["val_metric", "test_metric"]] = np.nan
    rows["seconds"] = np.float32(np.nan)
    if columns.seconds in frame:
        rows["seconds"] = numbers_in(path, frame, columns.seconds).astype(np.float32)
    return rows


def _tasks(path: str, frame: pd.DataFrame, columns: Columns) -> tuple[list[str], np.ndarray]:
    """The names of the tasks, and the number of each row's."""
    if columns.task is None:
        return [_only_task(Path(path))], np.zeros(len(frame), dtype=np.int64)
    return names_in(path, frame, columns.task)


def _only_task(path: Path) -> str:
    """What the task of a file of a single one is called: ``runs`` of ``runs.csv.zip``."""
    packed = path.suffix.lower().lstrip(".") in PACKED.values()
    return Path(path.stem).stem if packed else path.stem
