"""What is written in tables from elsewhere, and in Optuna's trials, becomes values of ours here.

- A cell that is blank, or says so (``NA``, ``null``), says nothing. So does ``None``, unless it is
  a name among names.
- A number is one in any type, whole or not; ``nan`` and ``inf`` are numbers that are not finite.
- A hyperparameter is numbers, truth values or names. What mixes them is all names.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from probecast.errors import ProbecastError, short
from probecast.space import LARGEST_NUMBER, Value
from probecast.tables.settings import HyperparameterColumn
from probecast.trials import LONGEST_TEXT

NOTHING = {"", "na", "n/a", "#n/a", "<na>", "null", "nat"}
NONE = "none"
NOT_A_NUMBER = {"nan", "+nan", "-nan", "1.#qnan", "-1.#ind"}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE)
PER_CENT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+) ?%")
TRUTH = {"true": True, "false": False}
TIMES = (pa.timestamp("ns"), pa.timestamp("ns", "UTC"), pa.time64("us"))
DURATION = re.compile(r"-?\d+ days?( .*)?|\d+:\d\d:\d\d(\.\d+)?")
LIST_OTHERS = "list the hyperparameters that you tuned under 'hyperparameters' in the study file"


def tidy(column: pd.Series, nothing: np.ndarray) -> tuple[pd.Series, np.ndarray]:
    """Return a column's cells, and which of them are blank.

    Texts become categories without spaces around them, and none where they say nothing.

    Args:
        column: as pandas has it.
        nothing: which cells hold nothing at all, as opposed to NaN.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = column.cat.categories
        if not pd.api.types.is_string_dtype(texts.dtype):
            return column.astype(texts.dtype if not nothing.any() else object), nothing
        codes = column.cat.codes.to_numpy()
        stripped = [text.strip() for text in texts]
        said = [None if text.lower() in NOTHING else text for text in stripped]
        number, distinct = pd.factorize(np.array([*said, None], dtype=object))
        codes = number[codes]  # of -1: the last, which says nothing
        blank = np.array([*(text.lower() == NONE for text in distinct), True])[codes]
        return pd.Series(pd.Categorical.from_codes(codes, distinct)), blank
    if column.dtype == np.float16:  # which little can be done with; 0.1, not 0.0999755859375
        codes, found = pd.factorize(column.to_numpy())
        column = pd.Series(np.array([*map(float, map(str, found)), math.nan])[codes])
    return column, nothing


def numbers_in(path: str, frame: pd.DataFrame, column: str) -> np.ndarray:
    """Return a column as numbers; NaN where it is blank.

    Raises:
        ProbecastError: it holds something else.
    """
    values = frame[column]
    if values.dtype.kind in "iuf":
        return values.to_numpy()
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, distinct = values.cat.codes.to_numpy(), list(values.cat.categories)
    else:
        codes, distinct = pd.factorize(values.astype(object))
    numbers = [_number(value) for value in distinct]
    if None in numbers:
        wrong = short(distinct[numbers.index(None)])
        raise ProbecastError(
            f"{path}: column {column!r} holds {wrong}, which is no number; correct the rows, or "
            "name another column under 'columns' in the study file"
        )
    return np.array([*numbers, math.nan])[codes]  # of -1: the last


def names_in(path: str, frame: pd.DataFrame, column: str) -> tuple[list[str], np.ndarray]:
    """Return the different values as text, and their number per row.

    Raises:
        ProbecastError: a row has none.
    """
    codes, values = pd.factorize(frame[column])
    if (codes < 0).any():
        raise ProbecastError(
            f"{path}: column {column!r} is empty in row {frame.index[np.argmax(codes < 0)] + 1}; "
            "fill it, or name another column under 'columns' in the study file"
        )
    return [str(value) for value in values], codes


def ranks_in(frame: pd.DataFrame, column: str) -> np.ndarray:
    """Return the place of each row's value among the sorted ones; -1 where it is blank."""
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        numbers = [_number(text) for text in values.cat.categories]
        if None not in numbers:
            values = pd.Series(np.array([*numbers, math.nan])[values.cat.codes.to_numpy()])
    return pd.factorize(values, sort=True)[0]


def hyperparameter_in(
    path: str, name: str, cells: pd.Series, own: HyperparameterColumn
) -> tuple[pd.Series, str]:
    """Return a hyperparameter's values, in the units and spelling that they are to have.

    Args:
        path: of the table, for messages.
        name: what the hyperparameter is called here.
        cells: its column.
        own: what the study file says of it.

    Returns:
        Numbers (NaN where there is no value), truth values, or texts; and what they are, in words.

    Raises:
        ProbecastError: a value is none that a hyperparameter can have.
    """
    where = f"{path}: column {own.column!r}"
    codes, values = _distinct(where, cells)
    if own.values:
        values = [_respelt(value, own) for value in values]
    if own.values or isinstance(cells.dtype, pd.CategoricalDtype):
        values = _meant(where, values)
    values = _of_one_kind(where, values)
    if own.base is not None or own.factor != 1:
        values = [_in_units(where, value, own) for value in values]
    for value in values:
        _check(where, name, value)
    return _column(codes, values, cells.index), _in_words(values)


def identity_of(where: str, parameters: Mapping[str, Any]) -> str:
    """Return what tells a configuration of an Optuna study from all others of it.

    One that does not apply, or is nothing, is as good as absent; 1 is no truth value.
    """
    plain = {name: _plain(where, value) for name, value in parameters.items()}
    present = {name: value for name, value in plain.items() if value is not None}
    return json.dumps(present, sort_keys=True)


def _distinct(where: str, cells: pd.Series) -> tuple[np.ndarray, list[Value | None]]:
    """The different values of a column, None among them if one is blank, and each row's number."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.cat.codes.to_numpy(), [*cells.cat.categories, None]  # of -1: the last
    if cells.dtype.kind in "iufb":
        codes, found = pd.factorize(cells.to_numpy())
        return codes, [*(_plain(where, value) for value in found), None]
    if cells.dtype.kind in "mM" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        raise _no_hyperparameter(where, cells.dropna().iloc[0], "a time")
    number: dict[tuple[str, Value | None], int] = {}
    codes = [number.setdefault(_key(_plain(where, v)), len(number)) for v in cells.tolist()]
    return np.array(codes, dtype=np.int64), [value for _, value in number]


def _key(value: Value | None) -> tuple[str, Value | None]:
    """Tells 1 from True, which Python does not."""
    return _kind(value), value


def _meant(where: str, values: Sequence[Value | None]) -> list[Value | None]:
    """What texts among the values stand for: all truth values, all numbers, or names."""
    texts = {value for value in values if isinstance(value, str)}
    texts -= {text for text in texts if text.lower() in NOT_A_NUMBER}
    named = {text for text in texts if text.lower() != NONE}
    if all(text.lower() in TRUTH for text in named):
        meant = {text: TRUTH[text.lower()] for text in named}
    elif all(NUMBER.fullmatch(text) for text in named):
        meant = {text: _whole(float(text)) for text in named}
    elif all(DECIMAL_COMMA.fullmatch(text) for text in named):
        raise ProbecastError(
            f"{where} holds {min(named)!r}: write a number with a point (0.5), or several numbers "
            "as a list ([64, 64])"
        )
    elif all(PER_CENT.fullmatch(text) for text in named):
        raise ProbecastError(
            f"{where} holds {min(named)!r}: write numbers without %, and 'factor: 0.01' for them "
            "in the study file"
        )
    elif _are_times(sorted(named)):
        raise _no_hyperparameter(where, min(named), "a time")
    else:
        meant = {text: text for text in texts}
    return [meant.get(value) if isinstance(value, str) else value for value in values]


def _are_times(texts: Sequence[str]) -> bool:
    if all(DURATION.fullmatch(text) for text in texts):
        return True
    for kind in TIMES:
        try:
            pa.array(texts, pa.string()).cast(kind)
        except pa.ArrowException:
            continue
        return True
    return False


def _plain(where: str, value: Any) -> Value | None:
    """A value as Python has it; lists and the like as names; None for nothing."""
    if isinstance(value, np.float16 | np.float32):
        value = float(str(value))  # 0.1, not 0.10000000149
    elif isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return None if value != value else _whole(value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, default=str)
    raise _no_hyperparameter(where, value, f"a {type(value).__name__}")


def _whole(number: float) -> int | float:
    """64 for 64.0, as configurations spell it."""
    return int(number) if math.isfinite(number) and number == int(number) else number


def _number(value: Any) -> float | None:
    """A cell as a number; None if it is none."""
    if isinstance(value, str):
        if value.lower() in (*NOT_A_NUMBER, NONE):
            return math.nan
        return float(value) if NUMBER.fullmatch(value) else None
    return float(value) if isinstance(value, int | float | Decimal | np.number) else None


def _kind(value: Value | None) -> str:
    if value is None or isinstance(value, bool | str):
        return type(value).__name__
    return "number"


def _respelt(value: Value | None, own: HyperparameterColumn) -> Value | None:
    """The value that the study file puts in the place of one; numbers are told by their value."""
    written = "None" if value is None else str(value)
    number = _number(value)
    for spelling, meant in own.values.items():
        if spelling == written or (number is not None and number == _number(spelling)):
            return meant
    return value


def _of_one_kind(where: str, values: Sequence[Value | None]) -> list[Value | None]:
    """The values, all as names if they are of several kinds."""
    present = [value for value in values if value is not None]
    if len({_kind(value) for value in present}) <= 1:
        return list(values)
    names: dict[str, tuple[str, Value]] = {}
    for value in present:
        if names.setdefault(str(value), _key(value)) != _key(value):
            raise ProbecastError(
                f"{where} holds both {short(value)} and {short(names[str(value)][1])}, which "
                "would be one name; give one another under 'values' in the study file"
            )
    return [None if value is None else str(value) for value in values]


def _in_units(where: str, value: Value | None, own: HyperparameterColumn) -> Value | None:
    if value is None:
        return None
    if _kind(value) != "number":
        raise ProbecastError(
            f"{where} holds {short(value)}, which is no number; give it one under 'values' in the "
            "study file, or remove 'factor' and 'base' there"
        )
    try:
        power = value if own.base is None else own.base**value
        return _whole(power * own.factor)
    except OverflowError:
        return math.inf


def _check(where: str, name: str, value: Value | None) -> None:
    """Make sure that a hyperparameter can have a value."""
    if _kind(value) == "number" and not abs(value) <= LARGEST_NUMBER:
        what = "is not finite" if not math.isfinite(value) else "lies beyond 2^53"
        raise ProbecastError(
            f"{where} holds {value}, but a hyperparameter cannot have what {what}; give it "
            f"another value in the study file (hyperparameters: {{{name}: {{values: {{{value}: "
            f"1000}}}}}}), or {LIST_OTHERS}, without it"
        )
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise _no_hyperparameter(where, value, f"a text of {len(value)} characters")


def _no_hyperparameter(where: str, value: Any, what: str) -> ProbecastError:
    return ProbecastError(
        f"{where} holds {short(str(value))}, {what}, which is no value of a hyperparameter; "
        f"{LIST_OTHERS}, without it"
    )


def _column(codes: np.ndarray, values: Sequence[Value | None], index: pd.Index) -> pd.Series:
    """The values of all rows."""
    kinds = {_kind(value) for value in values if value is not None}
    if kinds == {"str"}:
        number, distinct = pd.factorize(np.array([*values, None], dtype=object))
        return pd.Series(pd.Categorical.from_codes(number[codes], distinct), index=index)
    if kinds == {"bool"}:
        found = np.array(values, dtype=object)[codes]
        whole = all(value is not None for value in found)
        return pd.Series(found.astype(bool) if whole else found, index=index)
    return pd.Series(np.array(values, dtype=float)[codes], index=index)  # None becomes NaN


def _in_words(values: Sequence[Value | None]) -> str:
    """What a hyperparameter's values are, for people."""
    present = {value for value in values if value is not None}
    if not present:
        return "no value"
    if all(_kind(value) == "number" for value in present):
        return f"{min(present):g} to {max(present):g}" if len(present) > 1 else f"{min(present):g}"
    names = sorted(map(str, present))
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
