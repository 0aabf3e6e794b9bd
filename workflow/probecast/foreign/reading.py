"""Read a table from elsewhere into one ``TrialTable`` per task.

Identities are taken from the hyperparameters, so that tasks share their configurations
whatever these are called in the table. Tables of ten million rows are meant to fit: names
are categories, and nothing runs row by row.
"""

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from probecast.console import logger
from probecast.errors import ProbecastError, suggest
from probecast.foreign.optuna_storage import COLUMNS, storage_frame, study_names
from probecast.foreign.settings import (
    Columns,
    HyperparameterColumn,
    TableSettings,
    chosen_tasks,
)
from probecast.space import config_id
from probecast.trials import IDENTITY, MEASURED, TaskInfo, TrialTable, configurations_of

OPTIONAL = ("test_metric", "seconds", "seed")  # where named as by default
UNREADABLE = (pa.ArrowException, OSError, ValueError, MemoryError)
NULL = {
    "task": "a single task",
    "config_id": "no ids, and the hyperparameters tell the configurations apart",
    "epoch": "final values only",
}


def read_tables(name: str, settings: TableSettings, partial: bool = False) -> list[TrialTable]:
    """Read a table from elsewhere.

    - Rows of epoch 0 are no part of the curves: the median of their finite values is the
      task's floor. Without them the floor is NaN: nobody knows it before probing.
    - A trial ends as diverged at its first value that is not finite. Huge values are data.
    - Epochs are counted in steps of the first one: 10, 20, 30 become 1, 2, 3.
    - Trials that neither reach the task's last epoch nor diverge are left out, and the log
      says how many: what they would have come to is not known.
    - Trials of an Optuna study: see ``foreign.optuna_storage``.

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
        hyperparameters = _hyperparameters(path, settings, list(frame), columns)
    else:
        found = _column_names(Path(path))
        hyperparameters = _hyperparameters(path, settings, found, columns)
        read = [own.column for own in hyperparameters.values()]
        frame = _read(Path(path), [*_present(path, found, columns).values(), *read])
    tasks, task = _tasks(path, frame, columns)
    if len(chosen := chosen_tasks(settings, tasks)) < len(tasks):
        frame = frame[np.isin(np.array(tasks)[task], chosen)].reset_index(drop=True)
        tasks, task = _tasks(path, frame, columns)
    rows = _rows(path, frame, columns)
    settings_of = _in_our_terms(path, frame, hyperparameters)
    if columns.config_id is None:
        configuration = _numbers_of_rows(settings_of)
    else:
        configuration = _names(path, frame, columns.config_id)[1]
    # One number per (task, config_id), and the first row of each.
    pair, _ = pd.factorize(task.astype(np.int64) * (configuration.max() + 1) + configuration)
    first = np.empty(pair.max() + 1, dtype=np.int64)
    first[pair[::-1]] = np.arange(len(pair))[::-1]
    _check_settings(path, settings_of, frame, columns, first[pair])
    identities, rank = _identities(settings_of.iloc[first])
    _check_distinct(path, frame, columns, task[first], rank, first)
    rows["config_id"], rows[list(settings_of)] = rank[pair], settings_of
    order = np.lexsort((rows["epoch"], rows["seed"], rows["config_id"], task))
    bounds = np.searchsorted(task[order], np.arange(len(tasks) + 1))
    tables = []
    for number in np.argsort(tasks):
        own = rows.iloc[order[bounds[number] : bounds[number + 1]]]
        where = f"{path}: task {tasks[number]!r}"
        _check_unique(where, own, identities, columns)
        if settings.is_storage:
            better = {"higher_is_better": larger_is_better[tasks[number]]}
            settings = settings.model_copy(update=better)
        tables.append(_table(where, tasks[number], name, own, identities, settings, partial))
    return tables


def task_names(settings: TableSettings) -> list[str]:
    """Return the sorted names of a table's tasks; only their column is read, and once."""
    if settings.is_storage:
        return study_names(settings)
    path = Path(settings.path)
    _present(settings.path, _column_names(path), settings.columns)
    if settings.columns.task is None:
        return chosen_tasks(settings, [path.stem])
    found = _task_names(path, settings.columns.task, path.stat().st_mtime_ns)
    return chosen_tasks(settings, list(found))


@lru_cache
def _task_names(path: Path, column: str, modified: int) -> tuple[str, ...]:
    return tuple(sorted(_names(str(path), _read(path, [column]), column)[0]))


# -- columns -------------------------------------------------------------------------


def _column_names(path: Path) -> list[str]:
    try:
        if _is_csv(path):
            with csv.open_csv(path, convert_options=CSV) as reader:
                return reader.schema.names
        return pq.read_schema(path).names
    except FileNotFoundError:
        raise ProbecastError(
            f"{path}: the table is missing; correct its 'path' in the study file"
        ) from None
    except UNREADABLE as error:
        raise ProbecastError(
            f"{path}: not a readable Parquet or CSV file ({error}); correct its 'path' in the "
            "study file, or mend the file"
        ) from None


def _present(path: str, found: list[str], columns: Columns) -> dict[str, str]:
    """The file's columns by key of ``Columns``; those that may be absent are left out."""
    present = {}
    for key, column in columns.model_dump(exclude_none=True).items():
        if column in found:
            present[key] = column
        elif key not in OPTIONAL or column != key:
            without = f" (null, if it holds {NULL[key]})" if key in NULL else ""
            raise ProbecastError(
                f"{path}: column {column!r} is missing; name the table's own under "
                f"columns.{key} in the study file{without}. {suggest(column, found)}"
            )
    return present


def _hyperparameters(
    path: str, settings: TableSettings, found: list[str], columns: Columns
) -> dict[str, HyperparameterColumn]:
    """Where each hyperparameter stands, by the name that it is to have; every column is named."""
    taken = _present(path, found, columns).values()
    # pandas writes its row labels as a column of the name that is left out here.
    free = [c for c in found if c not in taken and not re.fullmatch(r"__index_.*__", c)]
    named = settings.hyperparameters or dict.fromkeys(free, HyperparameterColumn())
    named = {n: own.model_copy(update={"column": own.column or n}) for n, own in named.items()}
    for column in [own.column for own in named.values()]:
        if column not in found or column in taken:
            problem = "is missing" if column not in found else "is named under 'columns' too"
            raise ProbecastError(
                f"{path}: column {column!r} {problem}; correct 'hyperparameters' in the "
                f"study file. {suggest(column, free)}"
            )
    clash = [name for name in named if name in IDENTITY or name in MEASURED]
    if clash or not named:
        raise ProbecastError(
            f"{path}: "
            + (
                f"column {clash[0]!r} would be a hyperparameter, but has a name of the trial "
                "table's own; leave it out by listing 'hyperparameters' in the study file"
                if clash
                else "no column is left for the hyperparameters; add their columns"
            )
        )
    return named


def _in_our_terms(
    path: str, frame: pd.DataFrame, hyperparameters: dict[str, HyperparameterColumn]
) -> pd.DataFrame:
    """The hyperparameters by the names, in the units and in the spelling that they are to have."""
    converted = {}
    for name, own in hyperparameters.items():
        values = frame[own.column]
        if own.values:
            renamed = [own.values.get(str(value), value) for value in values]
            values = pd.Series(renamed, index=frame.index)
        if own.base is not None or own.factor != 1:
            numbers = _numbers(path, frame, own.column).astype(float)
            powers = numbers if own.base is None else own.base**numbers
            values = pd.Series(powers * own.factor, index=frame.index)
        converted[name] = values
    return pd.DataFrame(converted, index=frame.index)


CSV = csv.ConvertOptions(strings_can_be_null=True)


def _is_csv(path: Path) -> bool:
    return ".csv" in path.suffixes


def _check_types(path: Path, schema: pa.Schema) -> None:
    for field in schema:
        kind = field.type
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_nested(kind):
            raise ProbecastError(
                f"{path}: column {field.name!r} holds {kind}, not numbers or texts (in UTF-8); "
                "mend the file, or name other columns in the study file"
            )


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    """The columns; text as categories."""
    columns = list(dict.fromkeys(columns))
    try:
        if _is_csv(path):
            options = csv.ConvertOptions(strings_can_be_null=True, include_columns=columns)
            table = csv.read_csv(path, convert_options=options)
        else:
            table = pq.read_table(path, columns=columns, partitioning=None)
        _check_types(path, table.schema)
        frame = table.to_pandas(ignore_metadata=True, strings_to_categorical=True)
    except UNREADABLE as error:
        raise ProbecastError(f"{path}: not readable ({error}); mend the file") from None
    if frame.empty:
        raise ProbecastError(f"{path}: the table has no rows; correct 'path' in the study file")
    return frame


def _rows(path: str, frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """What is measured, under the trial table's names."""
    rows = pd.DataFrame(index=frame.index)
    epochs = 1 if columns.epoch is None else _numbers(path, frame, columns.epoch)
    whole = np.isfinite(epochs) & (epochs == np.floor(epochs)) & (np.asarray(epochs) >= 0)
    if not whole.all():
        wrong = frame[columns.epoch][~whole].iloc[0]
        raise ProbecastError(
            f"{path}: column {columns.epoch!r} holds {wrong}; an epoch is a whole number, 0 "
            "for the untrained model: correct the rows or columns.epoch in the study file"
        )
    rows["epoch"] = np.asarray(epochs, dtype=np.int32)
    if columns.seed in frame:
        rows["seed"] = pd.factorize(frame[columns.seed], sort=True)[0]
    else:
        own = columns.config_id is None and columns.epoch is None
        rows["seed"] = np.arange(len(frame)) if own else 0
    test = columns.test_metric if columns.test_metric in frame else columns.val_metric
    rows["val_metric"] = _numbers(path, frame, columns.val_metric)
    rows["test_metric"] = _numbers(path, frame, test)
    known = columns.seconds in frame
    seconds = _numbers(path, frame, columns.seconds) if known else np.nan
    rows["seconds"] = np.asarray(seconds, dtype=np.float32)
    return rows


def _numbers(path: str, frame: pd.DataFrame, column: str) -> np.ndarray:
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype.kind not in "iuf":
        numbers = pd.to_numeric(values.astype(object), errors="coerce")
        wrong = values[numbers.isna() & values.notna()]
        if len(wrong):
            raise ProbecastError(
                f"{path}: column {column!r} holds {wrong.iloc[0]!r}, which is no number; correct "
                "the rows, or name another column under 'columns' in the study file"
            )
        values = numbers
    return values.to_numpy()


def _names(path: str, frame: pd.DataFrame, column: str) -> tuple[list[str], np.ndarray]:
    """The different values as text, and their number per row."""
    codes, values = pd.factorize(frame[column])
    if (codes < 0).any():
        raise ProbecastError(
            f"{path}: column {column!r} is empty in row {int(np.argmax(codes < 0)) + 1}; fill "
            "it, or name another column under 'columns' in the study file"
        )
    return [str(value) for value in values], codes


def _tasks(path: str, frame: pd.DataFrame, columns: Columns) -> tuple[list[str], np.ndarray]:
    """The names of the tasks, and the number of each row's."""
    if columns.task is None:
        return [Path(path).stem], np.zeros(len(frame), dtype=np.int64)
    return _names(path, frame, columns.task)


# -- configurations ------------------------------------------------------------------


def _check_settings(
    path: str, settings: pd.DataFrame, frame: pd.DataFrame, columns: Columns, first: np.ndarray
) -> None:
    """Every row has the hyperparameters of its configuration's first row."""
    for name in settings:
        codes, _ = pd.factorize(settings[name])
        differs = codes != codes[first]
        if differs.any():
            row = int(np.argmax(differs))
            values = settings[name].iloc[[first[row], row]].tolist()
            raise ProbecastError(
                f"{path}: {_spell(frame, columns, row)} has both {values[0]} and {values[1]} as "
                f"{name!r}; if that is no hyperparameter, list the others under "
                "'hyperparameters' in the study file, else give it two ids"
            )


def _identities(settings: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Sorted identities, and for each row of ``settings`` the position of its own."""
    number = _numbers_of_rows(settings)
    distinct = settings.loc[~pd.Series(number).duplicated().to_numpy()]
    identities = np.array([config_id(c) for c in configurations_of(distinct)])
    order = np.argsort(identities)
    return identities[order], np.argsort(order)[number]


def _numbers_of_rows(settings: pd.DataFrame) -> np.ndarray:
    """Number the rows from 0, in the order of appearance; equal rows have one number."""
    groups = settings.groupby(list(settings), dropna=False, sort=False, observed=True)
    return groups.ngroup().to_numpy()


def _check_distinct(
    path: str,
    frame: pd.DataFrame,
    columns: Columns,
    task: np.ndarray,
    rank: np.ndarray,
    first: np.ndarray,
) -> None:
    """No task has the same hyperparameters under two ids."""
    repeated = pd.DataFrame({"task": task, "rank": rank}).duplicated().to_numpy()
    if repeated.any():
        pair = int(np.argmax(repeated))
        other = int(np.argmax((task == task[pair]) & (rank == rank[pair])))
        raise ProbecastError(
            f"{path}: {_spell(frame, columns, first[pair])} has the hyperparameters of "
            f"{frame[columns.config_id].iloc[first[other]]}; name what tells them apart under "
            "'hyperparameters' in the study file, or give both one id and a seed column"
        )


def _spell(frame: pd.DataFrame, columns: Columns, row: int) -> str:
    task, configuration = (frame[name].iloc[row] for name in (columns.task, columns.config_id))
    return f"configuration {configuration} of task '{task}'"


def _check_unique(
    where: str, rows: pd.DataFrame, identities: np.ndarray, columns: Columns
) -> None:
    keys = rows[["config_id", "seed", "epoch"]].to_numpy()
    repeated = (keys[1:] == keys[:-1]).all(axis=1)
    if repeated.any():
        position = int(np.argmax(repeated))
        configuration, _, epoch = keys[position]
        raise ProbecastError(
            f"{where}: epoch {epoch} of the configuration with identity "
            f"{identities[configuration]} ({columns.val_metric} "
            f"{rows['val_metric'].iloc[position]:g} and "
            f"{rows['val_metric'].iloc[position + 1]:g}) stands there twice; remove one, or "
            "name the column that tells the trials apart under columns.seed in the study file"
        )


# -- one task ------------------------------------------------------------------------


def _table(
    where: str,
    task: str,
    architecture: str,
    rows: pd.DataFrame,
    identities: np.ndarray,
    settings: TableSettings,
    partial: bool,
) -> TrialTable:
    """Make the table of one task from its rows, sorted by configuration, seed and epoch."""
    untrained = rows[rows["epoch"] == 0]
    rows, horizon = _trials(where, rows[rows["epoch"] > 0], settings, partial)
    number, own = pd.factorize(rows["config_id"], sort=True)
    info = TaskInfo(
        task=task,
        dataset=task,
        family=task,
        architecture=architecture,
        metric=settings.metric,
        higher_is_better=settings.higher_is_better,
        floor_val=_median(untrained["val_metric"]),
        floor_test=_median(untrained["test_metric"]),
        epochs=horizon,
        precision="unknown",
        machine="unknown",
        meta_features={},
    )
    shared = {
        name: pd.Categorical.from_codes(np.zeros(len(rows), dtype=np.int8), [getattr(info, name)])
        for name in IDENTITY
        if name != "config_id"
    }
    nothing = np.full(len(rows), np.nan, dtype=np.float32)
    unknown = dict.fromkeys(("train_loss", "val_loss", "flops"), nothing)
    identity = pd.Categorical.from_codes(number, identities[own])
    hyperparameters = [name for name in rows if name not in (*MEASURED, "config_id")]
    frame = rows.assign(**shared, **unknown, config_id=identity)
    frame = frame[[*IDENTITY, *hyperparameters, *MEASURED]].reset_index(drop=True)
    return TrialTable(info, hyperparameters, frame)


def _trials(
    where: str, rows: pd.DataFrame, settings: TableSettings, partial: bool
) -> tuple[pd.DataFrame, int]:
    """The rows of the trials that are kept, epochs counted 1 to the horizon; the horizon."""
    column = settings.columns.val_metric
    finite = np.isfinite(rows["val_metric"].to_numpy())
    if not finite.any():
        raise ProbecastError(
            f"{where}: column {column!r} holds no finite value after epoch 0; leave the task out"
        )
    trial = _numbered(rows[["config_id", "seed"]])
    failures = np.cumsum(~finite)
    before = (failures - ~finite)[_starts(trial)]  # in the trials above
    kept = failures - ~finite == before[trial]  # nothing but the last row has failed
    rows, trial, diverged = rows[kept], trial[kept], ~finite[kept]

    epochs = np.unique(rows["epoch"])
    step, horizon = int(epochs[0]), len(epochs)
    if not np.array_equal(epochs, step * np.arange(1, horizon + 1)):
        raise ProbecastError(
            f"{where}: epochs {', '.join(map(str, epochs[:5]))}, ... are not evenly spaced, so "
            "costs cannot be counted; keep only epochs that are multiples of the first, or take "
            "final values alone (columns.epoch: null in the study file)"
        )
    starts = _starts(trial)
    ends = np.append(starts[1:], len(trial)) - 1
    position = np.arange(len(trial)) - starts[trial] + 1
    epoch = rows["epoch"].to_numpy() // step
    complete = np.minimum.reduceat(epoch == position, starts)
    complete &= (epoch[ends] == horizon) | diverged[ends] | partial
    if not complete.any():
        raise ProbecastError(
            f"{where}: none of its {len(complete)} trials has every epoch from {step} to "
            f"{epochs[-1]}; complete them, or leave the task out"
        )
    if not complete.all():
        logger.info(
            "%s: %d of %d trials %s and are left out",
            *(where, (~complete).sum(), len(complete)),
            "lack epochs in between" if partial else "stop early without having diverged",
        )
    seconds = rows["seconds"].to_numpy()
    if settings.cumulative_seconds:
        seconds = np.diff(seconds, prepend=np.float32(0))
        seconds[starts] = rows["seconds"].to_numpy()[starts]
    test = rows["test_metric"].to_numpy()
    rows = rows.assign(
        epoch=epoch.astype(np.int32),
        val_metric=rows["val_metric"].where(~diverged),
        test_metric=np.where(diverged | ~np.isfinite(test), np.nan, test),
        seconds=seconds,
        status=pd.Categorical.from_codes(diverged.astype(np.int8), ["ok", "diverged"]),
    )[complete[trial]]
    # Seeds are counted anew in each configuration: 0 is its first complete trial.
    trial = _numbered(rows[["config_id", "seed"]])
    configuration = _numbered(rows[["config_id"]])
    return rows.assign(seed=trial - trial[_starts(configuration)][configuration]), horizon


def _numbered(keys: pd.DataFrame) -> np.ndarray:
    """Number the runs of equal rows from 0."""
    values = keys.to_numpy()
    return np.append(0, np.cumsum((values[1:] != values[:-1]).any(axis=1)))


def _starts(number: np.ndarray) -> np.ndarray:
    """The first row of every run."""
    return np.flatnonzero(np.diff(number, prepend=-1))


def _median(values: pd.Series) -> float:
    """The median of the finite values; NaN without any."""
    finite = values[np.isfinite(values)]
    return float(finite.median()) if len(finite) else float("nan")
