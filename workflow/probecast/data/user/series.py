"""Series of a user's own: times and numbers, whatever they were written as."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from probecast.data.steps import find_steps
from probecast.data.user import dates
from probecast.data.user.account import Account, listed
from probecast.data.user.settings import UNNAMED, UserData
from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Dataset

TIMESTAMP = "timestamp"  # as every raw series calls it
MISSING = ("NA", "N/A", "NaN", "nan", "null", "NULL", "None")  # as tables of numbers have it


def tidy(
    splits: "dict[str, Dataset]", own: UserData, places: dict[str, str], account: Account, key: str
) -> "dict[str, Dataset]":
    """Return wide tables, sorted by time: ``timestamp`` and one float column per series.

    Times and values may be text, in the columns that ``own`` names; all splits have their times
    in the same form. Messages call a split by its entry in ``places``, the settings by ``key``.

    Raises:
        ProbecastError: a time cannot be read or occurs twice, or a value is missing or no number.
    """
    from datasets import Dataset

    for split, rows in splits.items():
        if len(rows) == 0:
            raise ProbecastError(f"{places[split]}: there are no rows; name a file that has some.")
    tidied = {}
    for split, times in _times(splits, own, places, account, key).items():
        where, table = places[split], splits[split].to_pandas()
        _check_times(times, own, where)
        columns = {n: _numbers(table, n, times, where) for n in _names(table, own, where)}
        _note_order(times, split, account)
        sorted_rows = pd.DataFrame({TIMESTAMP: times, **columns}).sort_values(TIMESTAMP)
        tidied[split] = Dataset.from_pandas(sorted_rows, preserve_index=False)
    _note_steps(tidied, own, account)
    return tidied


def _names(table: pd.DataFrame, own: UserData, where: str) -> list[str]:
    """Return the columns to forecast."""
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
    return names


def _times(
    splits: "dict[str, Dataset]", own: UserData, places: dict[str, str], account: Account, key: str
) -> dict[str, pd.Series]:
    """Return every split's times, without a time zone (UTC if there was one)."""
    name = own.columns.timestamp
    if own.steps == "rows" and not any(name in rows.column_names for rows in splits.values()):
        account.note(f"there is no column {name!r}: rows follow one another as they stand")
        return _numbered(splits)
    times, texts = {}, {}
    for split, rows in splits.items():
        kind = rows.features.arrow_schema.field(name).type
        column = rows.to_pandas()[name]
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            times[split] = _of_times(column, places[split])
        elif pa.types.is_floating(kind) or pa.types.is_integer(kind):
            texts[split] = _spelt(column)
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            texts[split] = column
        else:
            raise ProbecastError(
                f"{places[split]}: column {name!r} holds {kind}, not times; {dates.EXAMPLE}."
            )
    if texts:
        times |= _read(texts, own, places, account, key)
    elif own.dates:
        raise ProbecastError(
            f"{places['train']}: column {name!r} is stored as times; remove `{key}.dates`."
        )
    return {split: times[split] for split in splits}


def _numbered(splits: "dict[str, Dataset]") -> dict[str, pd.Series]:
    """Return times for rows that have none: a microsecond each, too short for any calendar."""
    numbered, first = {}, 0
    for split in sorted(splits, key=["train", "val", "test"].index):
        numbers = np.arange(first, first + len(splits[split]))
        numbered[split] = pd.Series(numbers.astype("datetime64[us]"))
        first += len(numbers)
    return {split: numbered[split] for split in splits}


def _of_times(column: pd.Series, where: str) -> pd.Series:
    """Return a column that is stored as times."""
    if (missing := np.flatnonzero(column.isna())).size:
        raise ProbecastError(
            f"{where}, row {missing[0] + 1}: column {column.name!r} holds no time "
            f"({len(missing)} of {len(column)} rows); fill them in, or remove the rows."
        )
    times = pd.to_datetime(column, utc=True).dt.tz_localize(None)
    return times.astype("datetime64[us]")


def _spelt(column: pd.Series) -> pd.Series:
    """Return numbers as they would stand in a text: years, compact times, counted since 1970."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype(object).where(column.notna(), None).map(str, na_action="ignore")


def _read(
    texts: dict[str, pd.Series],
    own: UserData,
    places: dict[str, str],
    account: Account,
    key: str,
) -> dict[str, pd.Series]:
    """Read the texts of all splits in one form, and say in which."""
    name = own.columns.timestamp
    borders = np.cumsum([0, *map(len, texts.values())])
    together = pd.concat(texts.values(), ignore_index=True)
    try:
        reading = dates.read_times(together, own.dates, borders)
    except dates.Unread as fault:
        number = int(np.searchsorted(borders, fault.row, side="right")) - 1
        split, row = list(texts)[number], fault.row - borders[number]
        value = together.iloc[fault.row]
        found = "nothing" if pd.isna(value) else repr(value)
        at = f" (`{key}.dates`)" if "`dates" in str(fault) else ""
        raise ProbecastError(
            f"{places[split]}, row {row + 1}: column {name!r} holds {found}{fault}{at}."
        ) from None
    why = "as the study file says" if own.dates else "the one form that all rows fit"
    account.note(f"times: column {name!r}, read as {reading.form}, {reading.chosen or why}")
    parts = [
        reading.times.iloc[first:end].reset_index(drop=True) for first, end in pairwise(borders)
    ]
    return dict(zip(texts, parts, strict=True))


def _check_times(times: pd.Series, own: UserData, where: str) -> None:
    if (twice := np.flatnonzero(times.duplicated())).size:
        raise ProbecastError(
            f"{where}, row {twice[0] + 1}: the time {times.iloc[twice[0]]} stands in more than "
            "one row; keep one row for each time, and one column for each series (where clocks "
            "are set back, write times with their offset from UTC)."
        )


def _note_order(times: pd.Series, split: str, account: Account) -> None:
    """Say so where rows do not stand in the order of time."""
    back = np.flatnonzero(np.diff(times) < np.timedelta64(0))
    if len(back) and len(back) == len(times) - 1:
        account.note(f"order: the rows of {split} stood newest first and were turned round")
    elif len(back):
        account.note(
            f"order: the rows of {split} were sorted by time: {len(back)} stood after a later "
            f"one, first row {back[0] + 2}, {times.iloc[back[0] + 1]}"
        )


def _note_steps(tidied: "dict[str, Dataset]", own: UserData, account: Account) -> None:
    """Say what one step is, and where the training rows have gaps."""
    if own.steps == "rows":
        account.note("step: from row to row, as `steps` says")
        return
    times = tidied["train"].data.column(TIMESTAMP).to_numpy().astype("datetime64[us]")
    steps = find_steps(times)
    gaps = [str(pd.Timestamp(times[row])) for row in steps.gaps]
    said = f"; {len(gaps)} gaps, before {listed(gaps)}" if gaps else ", without a gap"
    account.note(f"step: {steps.name}{said} in the training rows")


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
