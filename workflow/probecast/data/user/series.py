"""Series of a user's own: times and numbers, whatever they were written as."""

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from probecast.data.user.settings import UNNAMED, UserData
from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Dataset

TIMESTAMP = "timestamp"  # as every raw series calls it
MISSING = ("NA", "N/A", "NaN", "nan", "null", "NULL", "None")  # as tables of numbers have it


def tidy(rows: "Dataset", own: UserData, where: str) -> "Dataset":
    """Return a wide table, sorted by time: ``timestamp`` and one float column per series.

    Times and values may be text, in the columns that ``own`` names.

    Raises:
        ProbecastError: a time cannot be read or occurs twice, or a value is missing or no number.
    """
    from datasets import Dataset

    if len(rows) == 0:
        raise ProbecastError(f"{where}: there are no rows; name a file that has some.")
    table = rows.to_pandas()
    times = _times(table[own.columns.timestamp], where)
    others = [name for name in table if name != own.columns.timestamp]
    names = own.columns.values or [name for name in others if not name.startswith(UNNAMED)]
    if TIMESTAMP in names:
        raise ProbecastError(
            f"{where}: column {TIMESTAMP!r} would be a series, but has the name of the times; "
            "rename it, or name the columns to forecast as `values` under `columns`."
        )
    if not names:
        raise ProbecastError(
            f"{where}: there is no column beside {own.columns.timestamp!r}; add the series to "
            "forecast, one column each."
        )
    tidy = pd.DataFrame({TIMESTAMP: times, **{n: _numbers(table, n, times, where) for n in names}})
    return Dataset.from_pandas(tidy.sort_values(TIMESTAMP), preserve_index=False)


def _times(column: pd.Series, where: str) -> pd.Series:
    """Return a column of times, without a time zone (UTC if there was one)."""
    if pd.api.types.is_numeric_dtype(column):
        raise ProbecastError(
            f"{where}: column {column.name!r} holds numbers such as {column.iloc[0]}, not times; "
            "write them like 2024-01-31 13:00, or name another column as `timestamp`."
        )
    with warnings.catch_warnings():
        # Where the first row tells no form, each is read by itself; what is no time is told below.
        warnings.filterwarnings("ignore", "Could not infer format", UserWarning)
        times = pd.to_datetime(column, errors="coerce", utc=True).dt.tz_localize(None)
    if (bad := np.flatnonzero(times.isna())).size:
        raise ProbecastError(
            f"{where}, row {bad[0] + 1}: column {column.name!r} holds {column.iloc[bad[0]]!r}, no "
            f"time in the form of the first row ({len(bad)} of {len(column)} rows); write times "
            "like 2024-01-31 13:00."
        )
    if (twice := np.flatnonzero(times.duplicated())).size:
        raise ProbecastError(
            f"{where}, row {twice[0] + 1}: the time {times.iloc[twice[0]]} stands in more than "
            "one row; keep one row for each time, and one column for each series."
        )
    return times.astype("datetime64[us]")


def _numbers(table: pd.DataFrame, name: str, times: pd.Series, where: str) -> np.ndarray:
    """Return a column as float64 (rows,), finite."""
    column = table[name]
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    missing = column.isna() | column.isin(MISSING)
    unread = np.flatnonzero(np.isnan(numbers) & ~missing.to_numpy())
    if unread.size:
        raise ProbecastError(
            f"{where}, row {unread[0] + 1}: column {name!r} holds {column.iloc[unread[0]]!r}, not "
            f"a number ({len(unread)} of {len(column)} rows); correct it, or name the columns to "
            "forecast as `values` under `columns`."
        )
    if (gaps := np.flatnonzero(~np.isfinite(numbers))).size:
        raise ProbecastError(
            f"{where}, row {gaps[0] + 1}: column {name!r} has no finite value at "
            f"{times.iloc[gaps[0]]} ({len(gaps)} of {len(column)} rows); fill the gaps, or leave "
            "the column out by naming others as `values` under `columns`."
        )
    return numbers
