"""Labels as users have them, names or numbers, become classes."""

import re
from collections import Counter
from typing import TYPE_CHECKING

from probecast.console import logger
from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Dataset

NAMED = 5  # classes named in a message


def encode(
    splits: "dict[str, Dataset]", column: str, places: dict[str, str]
) -> "dict[str, Dataset]":
    """Return the splits with ``column`` as a ``ClassLabel`` of the training split's classes.

    Classes are in the order of the data's own ``ClassLabel``, of their numbers, or of their names.
    No label may be missing; messages call a split by its entry in ``places``.

    Raises:
        ProbecastError: labels are no classes, there is one only, or another split has a class
            that cannot be learnt.
    """
    from datasets import ClassLabel

    names = {split: _names(rows, column, places[split]) for split, rows in splits.items()}
    known = set(names["train"])
    _check_classes(names["train"], column, places["train"])
    if single := sorted(name for name, rows in Counter(names["train"]).items() if rows == 1):
        logger.warning(
            "%s: column %r has %s in one row only, which is trained on: no other is left to tell "
            "how well it is learnt. Add rows, or remove it.",
            *(places["train"], column, _listed(single)),
        )
    for split, of in names.items():
        if unknown := sorted(set(of) - known):
            raise ProbecastError(
                f"{places[split]}: column {column!r} has {_listed(unknown)}, which the training "
                f"rows do not have ({sum(name not in known for name in of)} of {len(of)} rows); "
                "add training rows of it or remove these."
            )
    feature = splits["train"].features[column]
    ordered = feature.names if isinstance(feature, ClassLabel) else _ordered(known)
    label = ClassLabel(names=[name for name in ordered if name in known])
    return {
        split: rows.remove_columns(column).add_column(
            column, [label.str2int(name) for name in names[split]], feature=label
        )
        for split, rows in splits.items()
    }


def found(rows: "Dataset", column: str, where: str) -> list[str]:
    """Return the classes in a column without missing labels, in order.

    Raises:
        ProbecastError: labels are no classes, or there is one only.
    """
    names = _names(rows, column, where)
    _check_classes(names, column, where)
    return _ordered(set(names))


def _names(rows: "Dataset", column: str, where: str) -> list[str]:
    """Return the name of every row's class."""
    from datasets import ClassLabel

    feature = rows.features[column]
    values = rows[column][:]
    if isinstance(feature, ClassLabel):
        return [feature.int2str(value) for value in values]
    names = []
    for number, value in enumerate(values, start=1):
        if not isinstance(value, str | int | float):
            raise ProbecastError(
                f"{where}, row {number}: column {column!r} holds a {type(value).__name__}; "
                "classes are names or whole numbers. Name another column."
            )
        name = str(value).strip()
        if re.fullmatch(r"[+-]?\d*\.\d*[1-9]\d*", name):
            raise ProbecastError(
                f"{where}, row {number}: column {column!r} holds {name}; classes are names or "
                "whole numbers. Name another column, or make classes of the numbers."
            )
        names.append(re.sub(r"^([+-]?\d+)\.0+$", r"\1", name))  # whole, beside missing values
    return names


def _check_classes(names: list[str], column: str, where: str) -> None:
    """Raise ProbecastError unless the training labels are at least two classes, and classes."""
    known = set(names)
    if len(known) == 1:
        raise ProbecastError(
            f"{where}: all {len(names)} rows are of one class, {names[0]!r} (column {column!r}); "
            "there is nothing to tell apart. Add rows of another class, or name another column."
        )
    if len(known) > max(len(names) / 2, 2):
        raise ProbecastError(
            f"{where}: column {column!r} has {len(known)} different values in {len(names)} rows, "
            f"such as {_listed(sorted(known))}; these are hardly classes. Name another column."
        )


def _ordered(names: set[str]) -> list[str]:
    """Return classes in order: by number if all are whole numbers, else by name."""
    try:
        return sorted(names, key=lambda name: (int(name), name))  # 1 and 01 are two
    except ValueError:
        return sorted(names)


def _listed(names: list[str]) -> str:
    listed = ", ".join(repr(name[:40]) for name in names[:NAMED])
    return f"{listed} and {len(names) - NAMED} more" if len(names) > NAMED else listed
