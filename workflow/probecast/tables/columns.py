"""Which columns of a table from elsewhere mean what, and what they hold."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from probecast.errors import ProbecastError, suggest
from probecast.tables.settings import Columns, HyperparameterColumn, TableSettings
from probecast.trials import IDENTITY, MEASURED

OPTIONAL = ("test_metric", "seconds", "seed")  # where named as by default
UNREADABLE = (pa.ArrowException, OSError, ValueError, MemoryError)
NULL = {
    "task": "a single task",
    "config_id": "no ids, and the hyperparameters tell the configurations apart",
    "epoch": "final values only",
}
NOT_READ = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_nested)
CSV = csv.ConvertOptions(strings_can_be_null=True)


def column_names(path: Path) -> list[str]:
    """Return a file's columns without reading its rows."""
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


def present_columns(path: str, found: list[str], columns: Columns) -> dict[str, str]:
    """Return the file's columns by key of ``Columns``; those that may be absent are left out."""
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


def hyperparameter_columns(
    path: str, settings: TableSettings, found: list[str], columns: Columns
) -> dict[str, HyperparameterColumn]:
    """Where each hyperparameter stands, by the name that it is to have; every column is named."""
    taken = present_columns(path, found, columns).values()
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


def in_our_terms(
    path: str, frame: pd.DataFrame, hyperparameters: dict[str, HyperparameterColumn]
) -> pd.DataFrame:
    """Return the hyperparameters by the names, in the units and spelling that they are to have."""
    converted = {}
    for name, own in hyperparameters.items():
        values = frame[own.column]
        if own.values:
            renamed = [own.values.get(str(value), value) for value in values]
            values = _numeric(pd.Series(renamed, index=frame.index))
        if own.base is not None or own.factor != 1:
            renamed = pd.DataFrame({own.column: values})
            numbers = numbers_in(path, renamed, own.column).astype(float)
            powers = numbers if own.base is None else own.base**numbers
            values = pd.Series(powers * own.factor, index=frame.index)
        converted[name] = values
    return pd.DataFrame(converted, index=frame.index)


def _numeric(values: pd.Series) -> pd.Series:
    """The values as numbers, if all are once some texts stand for numbers; else as they are."""
    if not any(isinstance(value, int | float) for value in values):
        return values
    numbers = pd.to_numeric(values, errors="coerce")
    return numbers if numbers.notna().equals(values.notna()) else values


def _is_csv(path: Path) -> bool:
    return ".csv" in path.suffixes


def read_columns(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read some columns; text as categories."""
    columns = list(dict.fromkeys(columns))
    try:
        if _is_csv(path):
            options = csv.ConvertOptions(strings_can_be_null=True, include_columns=columns)
            table = csv.read_csv(path, convert_options=options)
        else:
            table = pq.read_table(path, columns=columns, partitioning=None)
        for name, kind in zip(table.column_names, table.schema.types, strict=True):
            if any(is_kind(kind) for is_kind in NOT_READ):
                raise ProbecastError(
                    f"{path}: column {name!r} holds {kind}, not numbers or texts (in UTF-8); "
                    "mend the file, or name other columns in the study file"
                )
        frame = table.to_pandas(ignore_metadata=True, strings_to_categorical=True)
    except UNREADABLE as error:
        raise ProbecastError(f"{path}: not readable ({error}); mend the file") from None
    if frame.empty:
        raise ProbecastError(f"{path}: the table has no rows; correct 'path' in the study file")
    return frame


def numbers_in(path: str, frame: pd.DataFrame, column: str) -> np.ndarray:
    """Return a column as numbers; NaN where it is empty."""
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


def names_in(path: str, frame: pd.DataFrame, column: str) -> tuple[list[str], np.ndarray]:
    """Return the different values as text, and their number per row."""
    codes, values = pd.factorize(frame[column])
    if (codes < 0).any():
        raise ProbecastError(
            f"{path}: column {column!r} is empty in row {int(np.argmax(codes < 0)) + 1}; fill "
            "it, or name another column under 'columns' in the study file"
        )
    return [str(value) for value in values], codes
