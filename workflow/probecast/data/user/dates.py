"""Times as people write them: one form for a whole column, found from all of its rows.

A time of day reads in one way only. Of a date it is asked in which orders of day, month and year
all rows can be read. One: that is the form. Several that mean different times: the one in which
rows are in order and at an even step, if there is just one such; else the user has to say.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from probecast.data.steps import is_even

ORDERS = {"d": "day_first", "m": "month_first", "b": "month_first", "Y": "year_first"}
ORDERS |= {"B": "month_first", "y": "year_first"}

UNITS = {"seconds": 1e9, "milliseconds": 1e12, "microseconds": 1e15, "nanoseconds": 1e18}
"""Units since 1970, and what they count to in 2001: a tenth to ten times that is taken for one."""

FARTHEST = 14 * 3600  # seconds of a zone from Greenwich
YEARS = (1600, 2200)  # others are numbers that were not meant as years

EXAMPLE = "write times like 2024-01-31 13:00, or their form as `dates`, such as '%d.%m.%Y %H:%M'"

TIME = re.compile(
    r"""
    (?: (?P<weekday> mon|tue|wed|thu|fri|sat|sun ) [a-z]* [.,]? \s+ )?
    (?P<date> \S.*? )
    (?:
        (?P<gap> (?<=\d)T(?=\d) | \s*[,_:]\s* | \s+ )
        (?P<hour> \d{1,2} )
        (?:
            : (?P<minute> \d\d ) (?: : (?P<second> \d\d ) (?: [.,] (?P<fraction> \d{1,6} ) 0* )? )?
            | (?= \s*[ap]\.?m ) | (?<= T\d\d ) | (?<= -\d\d\s\d\d )  # of an hour, only so
        )
        (?: \s* (?P<half> [ap] ) \.?m\.? )?
        (?: \s* (?P<zone> z | utc | gmt | (?:utc|gmt)? [+-]\d{1,2} (?: :?\d\d )? ) )?
    )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
COMPACT = re.compile(r"(\d{8})T(\d\d)(\d\d)(\d\d)?", re.IGNORECASE)

PERIODS = (
    (r"(?P<year>\d{4})[-_/. ]?Q(?P<part>[1-4])", 3, "year and quarter"),
    (r"Q(?P<part>[1-4])[-_/. ]?(?P<year>\d{4})", 3, "quarter and year"),
    (r"(?P<part>[1-4])Q[-_/. ]?(?P<year>\d{4})", 3, "quarter and year"),
    (r"(?P<year>\d{4})[-_/. ]?H(?P<part>[12])", 6, "year and half-year"),
    (r"(?P<year>\d{4})[-_/. ]?M(?P<part>0?[1-9]|1[0-2])", 1, "year and month"),
    (r"(?P<year>\d{4})[-_/. ]?W(?P<part>\d{1,2})", 0, "year and week of ISO 8601"),
)
"""Parts of a year: how they are written, their months (0: it is a week), and in words."""


class Unread(ValueError):
    """A row, counted from 0, is no time, or more than one; the message goes on after its value."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True)
class Reading:
    """One form of a column of times, and what it makes of it.

    Attributes:
        form: as ``strftime`` has it, or in words.
        key: what to write as ``dates`` to have this reading.
        times: datetime64[us] without a zone (UTC if there was one), NaT where it does not fit.
        chosen: why it was taken, where others fitted, too.
    """

    form: str
    key: str
    times: pd.Series
    chosen: str = ""

    @property
    def fits(self) -> bool:
        return not self.times.isna().any()


def check_form(asked: str) -> None:
    """Raise ValueError unless ``asked`` is an order, a unit or a form that holds a year."""
    if asked in {*ORDERS.values(), *UNITS}:
        return
    known = f"{', '.join(dict.fromkeys(ORDERS.values()))}, {', '.join(UNITS)} (since 1970)"
    if "%" not in asked:
        raise ValueError(f"{asked!r} is none of {known}, and no form such as '%d.%m.%Y %H:%M'")
    written = datetime(2001, 2, 3, 4, 5, 6).strftime(asked)
    try:
        year = pd.to_datetime(written, format=asked).year
    except ValueError as error:
        raise ValueError(f"{asked!r} is no form of a time ({error}); correct it") from None
    if year != 2001:
        raise ValueError(f"{asked!r} has no year; add it")


def read_times(texts: pd.Series, asked: str | None, borders: Sequence[int]) -> Reading:
    """Return the one reading of all rows.

    Args:
        texts: what stands in the rows, from 0; None where nothing does.
        asked: the user's ``dates``: an order, a unit, a form, or None to find out.
        borders: where splits begin and end: in each a reading is in order and even, or not.

    Raises:
        Unread: a row is no time, or can be read in two ways.
    """
    texts = texts.astype(object).where(texts.notna(), "").astype(str).str.strip()
    if (empty := np.flatnonzero(texts == "")).size:
        raise Unread(empty[0], f", no time ({len(empty)} of {len(texts)} rows); {EXAMPLE}")
    readings = list(_readings(texts, asked))
    fitting = _distinct([reading for reading in readings if reading.fits])
    if asked in ORDERS.values():
        others, fitting = fitting, [r for r in fitting if r.key == asked]
        if others and not fitting:
            raise Unread(
                0, f", which is in the form {others[0].form}, not `dates: {asked}`; correct that"
            )
    if not fitting:
        raise _no_time(texts, readings, asked)
    if len(fitting) == 1:
        return fitting[0]
    even = [
        reading
        for reading in fitting
        if all(is_even(reading.times[a:b].to_numpy()) for a, b in pairwise(borders))
    ]
    if len(even) != 1:
        raise _two_ways(fitting)
    others = ", ".join(reading.form for reading in fitting if reading is not even[0])
    why = f"in order and at an even step, which they are not as {others}"
    return Reading(even[0].form, even[0].key, even[0].times, why)


def _readings(texts: pd.Series, asked: str | None) -> Iterator[Reading]:
    """Yield the readings that the first row allows, whether or not they fit the others."""
    if asked in UNITS:
        yield _since_1970(texts, asked)
    elif asked and "%" in asked:
        yield Reading(asked, asked, _strict(texts, asked))
    elif texts.str.fullmatch(r"\d{9,19}(\.\d+)?").all():
        yield from _of_large_numbers(texts)
    else:
        yield from _of_dates(texts)


def _distinct(readings: list[Reading]) -> list[Reading]:
    """Return the readings without those that mean the same times as an earlier one."""
    kept: list[Reading] = []
    for reading in readings:
        if not any(reading.times.equals(other.times) for other in kept):
            kept.append(reading)
    return kept


def _no_time(texts: pd.Series, readings: list[Reading], asked: str | None) -> Unread:
    """Return the error that names the first row outside the form that fits the most rows."""
    best = max(readings, key=lambda reading: reading.times.notna().sum(), default=None)
    bad = np.flatnonzero(best.times.isna()) if best else []
    if len(bad) in (0, len(texts)):
        hint = f"not in the form `dates: {_quoted(asked)}`; correct it" if asked else None
        return Unread(0, f", {hint or f'no time that is known; {EXAMPLE}'}")
    return Unread(
        bad[0],
        f", no time in the form of the others, {best.form} ({len(bad)} of {len(texts)} rows); "
        "write them all in one form",
    )


def _two_ways(fitting: list[Reading]) -> Unread:
    """Return the error that shows both readings, and what to write for each."""
    differs = np.flatnonzero(fitting[0].times != fitting[1].times)[0]
    keys = [reading.key for reading in fitting]
    keys = keys if len(set(keys)) == len(keys) else [reading.form for reading in fitting]
    meanings = [f"{_spelt(r.times.iloc[differs])} as {r.form}" for r in fitting]
    return Unread(
        differs,
        f", which is {' or '.join(meanings)}, and all rows fit both; write "
        f"{' or '.join(f'`dates: {_quoted(key)}`' for key in keys)}",
    )


def _spelt(time: pd.Timestamp) -> str:
    """Spell a time so that nobody mistakes day and month.

    >>> _spelt(pd.Timestamp("2024-02-01")), _spelt(pd.Timestamp("2024-02-01 13:05"))
    ('1 February 2024', '1 February 2024 13:05')
    """
    day = f"{time.day} {time:%B} {time.year}"
    return day if time == time.normalize() else f"{day} {time:%H:%M}"


def _quoted(key: str) -> str:
    return f"'{key}'" if "%" in key else key


def _strict(texts: pd.Series, form: str) -> pd.Series:
    """Read texts in one form of ``strftime``; NaT where it does not fit."""
    times = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
    return times.dt.tz_localize(None).astype("datetime64[us]")


def _plausible(times: pd.Series) -> pd.Series:
    return times.where(times.dt.year.between(*YEARS))


def _since_1970(texts: pd.Series, unit: str) -> Reading:
    """Read numbers as so many units since the beginning of 1970."""
    numbers = pd.to_numeric(texts, errors="coerce")
    per_second = round(UNITS[unit] / 1e9)
    if pd.api.types.is_integer_dtype(numbers):  # exact, which fractions are to a microsecond
        seconds, rest = np.divmod(numbers, per_second)
        microseconds = seconds * 10**6 + rest * 10**6 // per_second
    else:
        microseconds = (numbers / per_second * 10**6).round()
    far = microseconds.abs() > 2e17  # more than 6,000 years
    microseconds = microseconds.mask(far | microseconds.isna())
    times = pd.to_datetime(microseconds.astype("Int64"), unit="us").astype("datetime64[us]")
    return Reading(f"{unit} since 1970", unit, times)


def _of_large_numbers(texts: pd.Series) -> Iterator[Reading]:
    """Yield the readings of numbers of at least nine digits: compact times, or since 1970."""
    form = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(texts.iloc[0]))
    if form and (texts.str.len() == len(texts.iloc[0])).all():
        yield Reading(form, form, _plausible(_strict(texts, form)))
    numbers = pd.to_numeric(texts)
    for unit, in_2001 in UNITS.items():
        if numbers.between(in_2001 / 10, in_2001 * 10).all():
            yield _since_1970(texts, unit)


def _of_dates(texts: pd.Series) -> Iterator[Reading]:
    """Yield the readings of dates, most with a time of day, by the orders of day and month."""
    spread = texts.str.replace(COMPACT, _spread, regex=True)
    matches = [TIME.fullmatch(text) for text in spread]
    parts = pd.DataFrame([match.groupdict() if match else {} for match in matches])
    parts = parts.reindex(columns=list(TIME.groupindex)).astype("str")
    clock = _clock(parts)
    if parts["date"].isna().iloc[0]:
        return
    codes, dates = pd.factorize(parts["date"])
    dates = pd.Series(dates, dtype=str)
    for form, read in _date_forms(dates):
        days = pd.Series(read(dates).to_numpy()[codes]).where(codes >= 0)
        named = parts["weekday"].str.lower()
        days = days.where(named.isna() | (days.dt.day_name().str[:3].str.lower() == named))
        order = re.search("%([a-zA-Z])", form)
        key = ORDERS[order[1]] if order else form
        yield Reading(form + _clock_form(parts), key, days + clock)


def _spread(match: re.Match[str]) -> str:
    """Put colons into the time of day of a compact time of ISO 8601."""
    return f"{match[1]}T{':'.join(filter(None, match.groups()[1:]))}"


def _clock(parts: pd.DataFrame) -> pd.Series:
    """Return the time of day less the zone's offset; NaT where there can be none.

    Rows without a time of day are at midnight; a zone, or am and pm, stands in all or in none.
    """
    number = {name: pd.to_numeric(parts[name]).fillna(0) for name in ("hour", "minute", "second")}
    hour, half = number["hour"], parts["half"].str.lower()
    wrong = (hour > 23) | (number["minute"] > 59) | (number["second"] > 59)
    wrong |= half.notna() & ~hour.between(1, 12)
    hour = hour.where(half.isna(), hour % 12 + 12 * (half == "p"))
    fraction = pd.to_numeric(parts["fraction"].str.ljust(6, "0")).fillna(0)
    offset = _offset(parts["zone"])
    wrong |= offset.abs() > FARTHEST
    seconds = (hour * 60 + number["minute"]) * 60 + number["second"] - offset
    for name in ("half", "zone"):
        given = parts[name].notna()
        if given.any() and name == "zone":
            wrong |= ~given
        elif given.any():
            wrong |= ~given & parts["hour"].notna()
    clock = pd.to_timedelta((seconds * 10**6 + fraction).astype(np.int64), unit="us")
    return clock.where(~wrong)


def _offset(zone: pd.Series) -> pd.Series:
    """Return seconds east of Greenwich: ``+01:30``, ``-0500``, ``UTC+2``, ``Z``."""
    found = zone.str.extract(r"([+-])(\d{1,2}):?(\d\d)?$")
    seconds = pd.to_numeric(found[1]) * 3600 + pd.to_numeric(found[2]).fillna(0) * 60
    return seconds.where(found[0] != "-", -seconds).fillna(0)


def _clock_form(parts: pd.DataFrame) -> str:
    """Return the form of the time of day, as the row has it that says the most."""
    row = parts.loc[parts.notna().sum(axis=1).idxmax()].dropna()
    if "hour" not in row:
        return ""
    form = "%I" if "half" in row else "%H"
    form += ":%M" * ("minute" in row) + ":%S" * ("second" in row) + ".%f" * ("fraction" in row)
    form += " %p" * ("half" in row) + "%z" * ("zone" in row)
    return (row["gap"] if row["gap"].strip() else " ") + form


def _date_forms(dates: pd.Series) -> Iterator[tuple[str, Callable[[pd.Series], pd.Series]]]:
    """Yield the forms that the first of some dates may have, and how to read them so."""
    for pattern, months, name in PERIODS:
        if re.fullmatch(pattern, dates.iloc[0], re.IGNORECASE):
            yield name, lambda of, p=pattern, m=months: _periods(of, p, m)
    tokens = re.findall(r"\d+|[^\W\d_]+|[\W_]+", dates.iloc[0])
    fields = [i for i, token in enumerate(tokens) if token.isalnum()]
    for letters in _orders([tokens[i] for i in fields]):
        filled = [token.replace("%", "%%") for token in tokens]
        for i, letter in zip(fields, letters, strict=False):
            filled[i] = f"%{letter}"
        if len(fields) == 1 and len(letters) > 1:  # without anything between them
            filled = [f"%{letter}" for letter in letters]
        form = "".join(filled)
        size = len(dates.iloc[0]) if len(tokens) == 1 else None
        yield form, lambda of, form=form, size=size: _days(of, form, size)


def _days(dates: pd.Series, form: str, size: int | None) -> pd.Series:
    """Read dates in one form; of a number alone, all have as many digits."""
    days = _plausible(_strict(dates, form))
    return days if size is None else days.where(dates.str.len() == size)


def _periods(dates: pd.Series, pattern: str, months: int) -> pd.Series:
    """Return the first day of parts of years."""
    found = dates.str.extract(f"^(?:{pattern})$", flags=re.IGNORECASE)
    if months == 0:
        return _strict(found["year"] + "-W" + found["part"].str.zfill(2) + "-1", "%G-W%V-%u")
    month = (pd.to_numeric(found["part"]) - 1) * months + 1
    return _strict(found["year"] + "-" + month.astype("Int64").astype(str), "%Y-%m")


def _orders(fields: list[str]) -> list[str]:
    """Return the orders of year, month and day that the fields of a date may have.

    Four digits are a year; before month and day it is followed by the month, as in ISO 8601.
    """
    words = [i for i, field in enumerate(fields) if not field.isdigit()]
    if words:
        numbers = "".join(str(len(f)) for f in fields if f.isdigit())
        of_numbers = {"4": "Y", "2": "y", "14": "dY", "24": "dY", "41": "Yd", "42": "Yd"}
        of_numbers |= {"12": "dy", "22": "dy"}
        if len(words) > 1 or numbers not in of_numbers or (numbers == "2" and words == [1]):
            return []
        rest = of_numbers[numbers]
        return [rest[: words[0]] + month + rest[words[0] :] for month in "bB"]
    lengths = [len(field) for field in fields]
    if lengths[0] == 4:
        by_count = {1: ["Y"], 2: ["Yj"] if lengths[-1] == 3 else ["Ym"], 3: ["Ymd"]}
        return by_count.get(len(fields), [])
    if len(fields) == 1:
        return {6: ["Ym", "dmy", "mdy", "ymd"], 8: ["Ymd", "dmY", "mdY"]}.get(lengths[0], [])
    if lengths[-1] == 4:
        return {2: ["mY"], 3: ["dmY", "mdY"]}.get(len(fields), [])
    return {2: ["my", "ym"], 3: ["dmy", "mdy", "ymd"]}.get(len(fields), [])
