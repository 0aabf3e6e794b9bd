"""What the columns of a table may be: as the readers of a study would take them, without names."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from probecast.data.media import decode_image, holds_files
from probecast.data.user import classes, dates, split
from probecast.data.user.account import listed
from probecast.data.user.series import MISSING
from probecast.data.user.settings import UNNAMED
from probecast.errors import ProbecastError

if TYPE_CHECKING:
    from datasets import Dataset

LOOKED_AT = 1000  # rows that times and words are looked for in
LONGEST_TIME = 40  # characters
WORDS = 1.5  # of a text, on average: names and identifiers have one


@dataclass(frozen=True)
class Columns:
    """Columns by what they may be; a year may be a number, a time and a class.

    Attributes:
        files: images or recordings, by their modality.
        texts: those that are no times, numbers or classes; of words, if any are.
        classes: with the names of these.
        times: those that can be read as such.
        numbers: of all kinds.
    """

    files: dict[str, list[str]] = field(default_factory=lambda: {"image": [], "speech": []})
    texts: list[str] = field(default_factory=list)
    classes: dict[str, list[str]] = field(default_factory=dict)
    times: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)

    def in_words(self) -> str:
        """Say what there is of each kind."""
        found = {
            "texts": self.texts,
            "classes": [called(name, of) for name, of in self.classes.items()],
            "times": self.times,
            "numbers": self.numbers,
        }
        return "; ".join(f"{kind}: {listed(names) or 'none'}" for kind, names in found.items())


def called(name: str, classes: list[str]) -> str:
    """Return a column with some of its classes.

    >>> called("stars", ["1", "2", "3"])
    'stars (1, 2, 3)'
    """
    return f"{name} ({listed([each[:40] for each in classes])})"


def sort_out(rows: "Dataset") -> Columns:
    """Return what the columns of a table may be; those without a name, or of splits, are none."""
    from datasets import ClassLabel

    found, names_only = Columns(), []
    for name, feature in rows.features.items():
        kind = rows.features.arrow_schema.field(name).type
        if name.startswith(UNNAMED) or name.lower() == split.COLUMN:
            continue
        if holds_files(kind):
            found.files[_modality(rows, name)].append(name)
        elif isinstance(feature, ClassLabel):
            found.classes[name] = feature.names
        elif pa.types.is_temporal(kind):
            found.times.append(name)
        elif not pa.types.is_nested(kind):
            _sort_in(name, rows.select_columns([name]).to_pandas()[name], found, names_only)
    found.texts.extend([] if found.texts else names_only)
    return found


def _modality(rows: "Dataset", name: str) -> str:
    """Return what the first file in a column is."""
    first = rows.with_format("arrow")[:1][name][0].as_py() or {}
    try:
        decode_image(first.get("bytes") or b"")
    except ValueError:
        return "speech"
    return "image"


def _sort_in(name: str, column: pd.Series, found: Columns, names_only: list[str]) -> None:
    """Put a column of texts or numbers where it may belong."""
    values = column.dropna()
    texts = values.astype(str).str.strip()
    texts = texts[~texts.isin(["", *MISSING])]
    if texts.empty:
        return
    number = pd.to_numeric(texts, errors="coerce").notna().all()
    time = _are_times(texts.head(LOOKED_AT)) and (not number or texts.is_unique)
    if time:
        found.times.append(name)
    if number:
        found.numbers.append(name)
    if time and not number:
        return
    if names := _classes(values.loc[texts.index]):
        found.classes[name] = names
    elif not number:
        words = texts.head(LOOKED_AT).str.split().str.len().mean()
        (found.texts if words > WORDS else names_only).append(name)


def _are_times(texts: pd.Series) -> bool:
    """Whether texts can be read as times in one way, or in more than one."""
    if texts.str.len().max() > LONGEST_TIME:
        return False
    for asked in (None, *dict.fromkeys(dates.ORDERS.values())):
        try:
            dates.read_times(texts.reset_index(drop=True), asked, [0, len(texts)])
        except dates.Unread:
            continue
        return True
    return False


def _classes(values: pd.Series) -> list[str]:
    """Return the names of the classes that values are, [] if they are none."""
    from datasets import Dataset

    try:
        return classes.found(Dataset.from_dict({"label": values.tolist()}), "label", "")
    except ProbecastError:
        return []
