"""Which columns of a table from elsewhere mean what."""

import re
from collections import Counter

import numpy as np
import pandas as pd

from probecast.errors import ProbecastError, suggest
from probecast.tables.settings import Columns, HyperparameterColumn, TableSettings
from probecast.tables.states import state_column
from probecast.tables.values import LIST_OTHERS
from probecast.trials import IDENTITY, MEASURED

OPTIONAL = ("test_metric", "seconds", "seed", "state")  # where named as by default
NULL = {
    "task": "a single task",
    "config_id": "no ids, and the hyperparameters tell the configurations apart",
    "epoch": "final values only",
}
# Row numbers as pandas writes them: without a name in CSV, with one of its own in Parquet, and
# once such a file has been read and written again.
ROW_NUMBERS = re.compile(r"|__index_.*__|Unnamed: \d+(_level_\d+)?")
PARAMETER = "params_"  # how Study.trials_dataframe begins the names of an Optuna study's
ENOUGH = 5  # rows that are counted, or differ in a text, are no chance any more


def present_columns(path: str, found: list[str], columns: Columns) -> dict[str, str]:
    """Return the file's columns by key of ``Columns``; those that may be absent are left out."""
    present: dict[str, str] = {}
    named = {**columns.model_dump(), "state": state_column(found, columns)}
    for key, column in named.items():
        if column is None:
            continue
        if column in found:
            present[key] = column
        elif key not in OPTIONAL or column != key:
            without = f" (null, if it holds {NULL[key]})" if key in NULL else ""
            raise ProbecastError(
                f"{path}: column {column!r} is missing; name the table's own under "
                f"columns.{key} in the study file{without}. {suggest(column, found)}"
            )
    apart = Counter(column for key, column in present.items() if key != "test_metric")
    if twice := [column for column, count in apart.items() if count > 1]:
        keys = " and ".join(f"columns.{key}" for key in present if present[key] == twice[0])
        raise ProbecastError(
            f"{path}: column {twice[0]!r} is named by {keys}; correct them in the study file"
        )
    return present


def hyperparameter_columns(
    path: str, settings: TableSettings, found: list[str], columns: Columns
) -> dict[str, HyperparameterColumn]:
    """Where each hyperparameter stands, by the name that it is to have; every column is named."""
    present = present_columns(path, found, columns)
    taken = set(present.values())
    free = [c for c in found if c not in taken and not ROW_NUMBERS.fullmatch(c)]
    named = settings.hyperparameters or _unlisted(found, free)
    named = {n: own.model_copy(update={"column": own.column or n}) for n, own in named.items()}
    for column in [own.column for own in named.values()]:
        if column == present.get("state") and columns.state in (None, Columns().state):
            continue  # it is only called as states often are
        if column not in found or column in taken:
            problem = "is missing" if column not in found else "is named under 'columns' too"
            raise ProbecastError(
                f"{path}: column {column!r} {problem}; correct 'hyperparameters' in the "
                f"study file. {suggest(column, free)}"
            )
    clash = [name for name in named if name in IDENTITY or name in MEASURED]
    if clash:
        raise ProbecastError(
            f"{path}: column {clash[0]!r} would be a hyperparameter, but has a name of the trial "
            "table's own; leave it out by listing 'hyperparameters' in the study file"
        )
    if not named:
        raise ProbecastError(
            f"{path}: no column is left for the hyperparameters; add their columns"
        )
    return named


def _unlisted(found: list[str], free: list[str]) -> dict[str, HyperparameterColumn]:
    """The hyperparameters where the study file lists none: those of an Optuna study, or all."""
    parameters = [column for column in free if column.startswith(PARAMETER)]
    if parameters and {"number", "state"} <= set(found):
        return {c.removeprefix(PARAMETER): HyperparameterColumn(column=c) for c in parameters}
    return dict.fromkeys(free, HyperparameterColumn())


def check_unlisted(path: str, column: str, cells: pd.Series) -> None:
    """Make sure that a column that nobody has listed does not merely tell the rows apart.

    Raises:
        ProbecastError: it counts the rows, or is a text of its own in each.
    """
    if len(cells) < ENOUGH:
        return
    counts = np.arange(len(cells))
    text = isinstance(cells.dtype, pd.CategoricalDtype)
    numbers = pd.to_numeric(cells.astype(object), errors="coerce").to_numpy()
    if any(np.array_equal(numbers, counts + first) for first in (0, 1)):
        what = "counts the rows"
    elif text and cells.nunique() == len(cells) and np.isnan(numbers).any():
        what = "holds a text of its own in every row"
    else:
        return
    raise ProbecastError(f"{path}: column {column!r} {what}; {LIST_OTHERS}, with it or without it")
