"""From what was read of a user's data to raw splits as any registered source has them."""

from dataclasses import replace

import pyarrow as pa
from datasets import Audio, ClassLabel, Dataset, Image

from probecast.console import logger
from probecast.data import media
from probecast.data.routes import Fetched
from probecast.data.settings import DownloadSettings
from probecast.data.user import classes, series
from probecast.data.user.split import with_test_split
from probecast.errors import ProbecastError, suggest


def tidy(settings: DownloadSettings, fetched: Fetched) -> Fetched:
    """Return the raw splits with just the columns that are needed, checked and complete.

    Rows without a text, a label or a transcript are dropped and counted. Labels become classes.
    Where there is no test split, a part of the training rows becomes it.

    Raises:
        ProbecastError: the data cannot be learnt from as they are; the message names the file,
            the key of the study file, the row or column, and the remedy.
    """
    places = {split: place(settings, fetched, split) for split in fetched.splits}
    splits = {
        split: _tidy_split(rows, settings, places[split]) for split, rows in fetched.splits.items()
    }
    if settings.own.has_classes:
        splits = classes.encode(splits, settings.own.target_column, places)
    return replace(fetched, splits=with_test_split(splits, settings, places["train"]))


def _tidy_split(rows: Dataset, settings: DownloadSettings, where: str) -> Dataset:
    """Return the rows of one split that are complete, with the needed columns alone, checked."""
    own = settings.own
    rows = _choose_columns(rows, settings, where)
    if own.modality == "series":
        return series.tidy(rows, own, where)
    if own.modality in ("text", "speech"):
        column = own.input_column if own.modality == "text" else own.target_column
        _check_texts(rows, column, settings, where)
    rows = _drop_incomplete(rows, [own.input_column, own.target_column], where)
    if own.modality in ("image", "speech"):
        media.check(rows, own.input_column, own.modality, where)
    return rows


def place(settings: DownloadSettings, fetched: Fetched, split: str) -> str:
    """Name a split in messages, by the key of the study file and the file or folder."""
    key, own = f"datasets.{settings.dataset}.own", settings.own
    if own.files is not None:
        return f"{key}.files.{split}: {own.files[split]}"
    if own.folder is not None:
        return f"{key}.folder: {own.folder}, split {split!r}"
    return f"{key}.hub: {fetched.identifier}, split {split!r}"


def _choose_columns(rows: Dataset, settings: DownloadSettings, where: str) -> Dataset:
    """Return the rows with the needed columns alone."""
    own = settings.own
    needed = [own.input_column, *([own.target_column] if own.target_column else [])]
    needed += own.columns.values or []
    for column in needed:
        if column not in rows.column_names:
            hint = suggest(column, rows.column_names)
            if len(rows.column_names) == 1 and any(c in rows.column_names[0] for c in ";\t|"):
                hint += " If these are several, name what stands between them: `separator`."
            raise ProbecastError(
                f"{where}: there is no column {column!r}; name the right one under "
                f"`datasets.{settings.dataset}.own.columns`. {hint}"
            )
    if own.modality == "series" and own.columns.values is None:
        return rows
    return rows.select_columns(needed)


def _check_texts(rows: Dataset, column: str, settings: DownloadSettings, where: str) -> None:
    """Raise ProbecastError unless a column holds texts."""
    kind = rows.features.arrow_schema.field(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
        raise ProbecastError(
            f"{where}: column {column!r} holds {kind}, not texts; name another under "
            f"`datasets.{settings.dataset}.own.columns`, or store it as text."
        )


def _drop_incomplete(rows: Dataset, columns: list[str], where: str) -> Dataset:
    """Return the rows that lack nothing; say how many do."""
    kept = list(range(len(rows)))
    for column in columns:
        missing = _missing(rows, column)
        complete = [i for i in kept if not missing[i]]
        if not complete:
            raise ProbecastError(
                f"{where}: column {column!r} is empty in all {len(kept)} rows (test sets on the "
                "Hub often have no labels); name a column or a split with values."
            )
        if len(complete) < len(kept):
            logger.warning(
                "%s: %d of %d rows have no %s and are left out",
                *(where, len(kept) - len(complete), len(kept), column),
            )
        kept = complete
    return rows.select(kept)


def _missing(rows: Dataset, column: str) -> list[bool]:
    """Return whether a cell is empty: null, NaN, white space, or -1 as the Hub's "no label"."""
    feature = rows.features[column]
    if isinstance(feature, Audio | Image):
        return rows.data.column(column).is_null().to_pylist()
    none = (None, "", -1) if isinstance(feature, ClassLabel) else (None, "")
    texts = [value.strip() if isinstance(value, str) else value for value in rows[column][:]]
    return [value in none or value != value for value in texts]
