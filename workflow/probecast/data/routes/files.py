"""Route ``files``: tables that lie on this machine, a user's own.

Every file is read by the loader of ``datasets`` for its format. Fields of CSV files stay text
here: whether they are labels or numbers is for the modality to say, not for a guess by rows.
"""

import json
from glob import escape
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from datasets import Dataset, Features, Value, concatenate_datasets, load_dataset
from datasets.exceptions import DatasetsError

from probecast.data.routes import Fetched
from probecast.data.routes.compressed import COMPRESSIONS, check_plain, unpacked
from probecast.data.settings import DownloadSettings
from probecast.data.user.settings import UNNAMED, fitting
from probecast.errors import ProbecastError

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
}
READ_ERRORS = (DatasetsError, pa.ArrowException, OSError, ValueError, StopIteration)


def fetch(settings: DownloadSettings, cache: Path) -> Fetched:
    """Read the files under ``own.files``.

    Raises:
        ProbecastError: a file is missing, empty, damaged or of no known format.
    """
    splits, split_of = {}, {}
    for split, named in settings.own.files.items():
        key = f"datasets.{settings.dataset}.own.files.{split}"
        paths = find(Path(named), key)
        for path in paths:
            if split_of.setdefault(path.resolve(), split) != split:
                raise ProbecastError(
                    f"{key}: {path} is of the split {split_of[path.resolve()]!r}, too; name "
                    "other files, or narrow the pattern."
                )
        parts = [read_table(path, cache, key, settings.own.separator) for path in paths]
        columns = parts[0].column_names
        if other := next((part for part in parts if part.column_names != columns), None):
            raise ProbecastError(
                f"{key}: {named}: some files have the columns {', '.join(columns)}, some "
                f"{', '.join(other.column_names)}; give them the same."
            )
        try:
            splits[split] = concatenate_datasets(parts)
        except ValueError as error:
            raise ProbecastError(
                f"{key}: {named}: the files' columns are of different types ({error}); store them "
                "alike."
            ) from None
    return Fetched("files", settings.own.files["train"], splits)


def find(path: Path, key: str) -> list[Path]:
    """Return the file, or the files that a pattern fits, in the order of their names."""
    found = fitting(path)
    if not found:
        raise ProbecastError(f"{key}: {path}: there is no such file; correct the path.")
    if folder := next((file for file in found if file.is_dir()), None):
        raise ProbecastError(
            f"{key}: {folder}: this is a folder; name the file in it, or name it with `folder` "
            "if it holds images or recordings."
        )
    return found


def read_table(path: Path, cache: Path, key: str, separator: str | None = None) -> Dataset:
    """Return the rows of one file, in the format that its ending tells.

    It may be compressed. ``key`` is what messages say names the file; ``separator`` stands between
    the fields of a CSV file, by default a comma, in TSV a tab.
    """
    try:
        part = unpacked(path, cache) if path.suffix.lower() in COMPRESSIONS else path
        if FORMATS.get(part.suffix.lower(), "parquet") != "parquet":
            check_plain(part)
    except (ValueError, OSError) as error:
        raise ProbecastError(f"{key}: {path}: {error}") from None
    if part.suffix.lower() not in FORMATS:
        raise ProbecastError(
            f"{key}: {path}: the ending {part.suffix!r} is of no known format; it must be one of "
            f"{', '.join(FORMATS)}, compressed or not ({', '.join(COMPRESSIONS)})."
        )
    if part.stat().st_size == 0:
        raise ProbecastError(f"{key}: {path}: the file is empty; name one with rows.")
    loader = FORMATS[part.suffix.lower()]
    try:
        options = _csv_options(part, separator) if loader == "csv" else {}
        return load_dataset(
            loader,
            data_files=escape(str(part)),
            split="train",
            cache_dir=str(cache),
            download_mode="force_redownload",  # a file that was mended counts, not what was cached
            **options,
        )
    except READ_ERRORS as error:
        reason = _reason(part, loader, error.__cause__ or error)
        raise ProbecastError(f"{key}: {path}: {reason}") from None


def _csv_options(path: Path, separator: str | None) -> dict[str, Any]:
    """Return how to read a CSV file; raises ValueError if its first two lines do not fit.

    Only an empty field is missing: "None" and "NA" may be meant in a table of texts.
    """
    separator = separator or ("\t" if path.suffix.lower() == ".tsv" else ",")
    first = pd.read_csv(path, sep=separator, header=None, nrows=2, dtype=str)
    # A column without a name, such as the row numbers that pandas writes, is called as it does.
    header = first.iloc[0].tolist()
    names = [f"{UNNAMED}{i}" if pd.isna(name) else name for i, name in enumerate(header)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"the header has the column {twice[0]!r} twice; rename or remove one")
    features = Features({name: Value("string") for name in names})
    missing = {"keep_default_na": False, "na_values": [""]}
    return {"sep": separator, "features": features, **missing}


def _reason(path: Path, loader: str, error: BaseException) -> str:
    """Say what is wrong with a file that cannot be read, where in it, and what to do."""
    if isinstance(error, PermissionError):
        return f"not readable ({error.strerror}); make it so."
    if loader == "parquet":
        return f"not readable as Parquet ({error}); replace it with a whole file."
    if bad := _bad_line(path, loader):
        return bad
    if isinstance(error, StopIteration) or "corresponds to no data" in str(error):
        return "the file has no rows; name one that has some."
    return f"not readable as {loader.upper()} ({' '.join(str(error).split())}); correct the file."


def _bad_line(path: Path, loader: str) -> str | None:
    """Say which line is the first that is no UTF-8 text or no JSON object, None if all are."""
    skip = loader != "json"
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8-sig").strip()
            except UnicodeDecodeError:
                return f"line {number} is not UTF-8 text; save the file in that encoding."
            if number == 1 and text.startswith("["):
                skip = True  # one list of objects, over as many lines as it likes
            if skip or not text:
                continue
            try:
                known = isinstance(json.loads(text), dict)
                fault = "" if known else "JSON, but not an object with the columns as keys"
            except ValueError as error:
                fault = f"not JSON ({error})"
            if fault:
                return f"line {number} is {fault}; every line must be one JSON object."
    return None
