"""From what was read of a user's data to raw splits as any registered source has them."""

from dataclasses import replace

import pyarrow as pa
from datasets import Audio, ClassLabel, Dataset, Image

from probecast.data import media
from probecast.data.routes import Fetched
from probecast.data.settings import DownloadSettings
from probecast.data.user import classes, series
from probecast.data.user.account import Account, listed
from probecast.data.user.split import divided, with_test_split
from probecast.errors import ProbecastError, suggest


def tidy(settings: DownloadSettings, fetched: Fetched) -> Fetched:
    """Return the raw splits with just the columns that are needed, checked and complete.

    A column ``split`` divides the rows. Those without a text, a label or a transcript are dropped
    and counted. Labels become classes. Where there is no test split, a part of the training rows
    becomes it.

    Raises:
        ProbecastError: the data cannot be learnt from as they are; the message names the file,
            the key of the study file, the row or column, and the remedy.
    """
    own, account = settings.own, fetched.account
    places = {split: place(settings, fetched, split) for split in fetched.splits}
    splits = divided(fetched.splits, own, places, account)
    places = {split: places.get(split, places["train"]) for split in splits}
    splits = {
        split: _choose_columns(rows, settings, places[split], account)
        for split, rows in splits.items()
    }
    if own.modality == "series":
        key = f"datasets.{settings.dataset}.own"
        splits = series.tidy(splits, own, places, account, key)
    else:
        splits = {
            split: _complete(rows, settings, places[split], account)
            for split, rows in splits.items()
        }
    if own.has_classes:
        splits = classes.encode(splits, own.target_column, places)
    splits = with_test_split(splits, settings, places["train"], account)
    return replace(fetched, splits=splits)


def _complete(rows: Dataset, settings: DownloadSettings, where: str, account: Account) -> Dataset:
    """Return the rows of one split that lack nothing and can be learnt from."""
    own = settings.own
    if own.modality in ("text", "speech"):
        column = own.input_column if own.modality == "text" else own.target_column
        _check_texts(rows, column, settings, where)
    rows = _drop_incomplete(rows, [own.input_column, own.target_column], where, account)
    if own.modality in ("image", "speech"):
        rows = media.check(rows, own.input_column, own.modality, where, account, own.ground)
    return rows


def place(settings: DownloadSettings, fetched: Fetched, split: str) -> str:
    """Name a split in messages, by the key of the study file and the file or folder."""
    key, own = f"datasets.{settings.dataset}.own", settings.own
    if own.files is not None:
        return f"{key}.files.{split}: {own.files[split]}"
    if own.folder is not None:
        return f"{key}.folder: {own.folder}, split {split!r}"
    return f"{key}.hub: {fetched.identifier}, split {split!r}"


def _choose_columns(
    rows: Dataset, settings: DownloadSettings, where: str, account: Account
) -> Dataset:
    """Return the rows with the needed columns alone."""
    own = settings.own
    needed = [own.input_column, *([own.target_column] if own.target_column else [])]
    needed += own.columns.values or []
    if own.steps == "rows" and own.input_column not in rows.column_names:
        needed.remove(own.input_column)  # they follow one another as they stand
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
    if others := [name for name in rows.column_names if name not in needed]:
        account.note(f"columns that are not read: {listed(others)}")
    return rows.select_columns(needed)


def _check_texts(rows: Dataset, column: str, settings: DownloadSettings, where: str) -> None:
    """Raise ProbecastError unless a column holds texts."""
    kind = rows.features.arrow_schema.field(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
        raise ProbecastError(
            f"{where}: column {column!r} holds {kind}, not texts; name another under "
            f"`datasets.{settings.dataset}.own.columns`, or store it as text."
        )


def _drop_incomplete(rows: Dataset, columns: list[str], where: str, account: Account) -> Dataset:
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
        left = len(kept) - len(complete)
        account.leave_out(
            left,
            f"rows without {column}",
            f"{where}: {left} of {len(kept)} rows have no {column} and are left out",
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
