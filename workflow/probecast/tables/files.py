"""The file of a table from elsewhere: what form it has, its columns, and its cells as they stand.

What a file is follows from its first bytes, so no ending misleads: CSV with commas or tabs, or
Parquet, either of them also packed. Cells of a CSV file are texts here; what they mean is decided
in ``tables.values``, as it is for those of a Parquet file.
"""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from probecast.errors import ProbecastError, short
from probecast.tables.values import tidy

UNREADABLE = (
    *(pa.ArrowException, OSError, EOFError, ValueError, MemoryError),
    *(lzma.LZMAError, zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, RuntimeError),  # of zipfile: an unknown method, a password
)
LARGEST = 2**31  # bytes that are unpacked: a few may claim any number
PACKED = {  # by their first bytes
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
}
NO_TABLES = {
    b"SQLite format 3": "is a database; if it is an Optuna storage, give it the ending .db",
    b"\xff\xfe": "is a text in UTF-16; save it as CSV in UTF-8",
    b"\xfe\xff": "is a text in UTF-16; save it as CSV in UTF-8",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet; save its sheet as CSV",
}
NOT_READ = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_nested)


@dataclass(frozen=True)
class _Source:
    """A file that has been looked into.

    Attributes:
        path: the file.
        is_csv: whether it is CSV, not Parquet.
        content: what was packed in it; None if it is not packed.
        delimiter: between the columns of a CSV file.
    """

    path: Path
    is_csv: bool
    content: bytes | None
    delimiter: str = ","

    def open(self) -> str | io.BytesIO:
        """From where it is read, from its beginning."""
        return str(self.path) if self.content is None else io.BytesIO(self.content)

    def names(self) -> list[str]:
        """Its columns, as they are spelt there."""
        if not self.is_csv:
            return pq.read_schema(self.open()).names
        with csv.open_csv(self.open(), parse_options=self._parsing) as reader:
            return reader.schema.names

    def read(self, names: list[str]) -> pa.Table:
        """Some of its columns; those of CSV as texts."""
        if not self.is_csv:
            return pq.read_table(self.open(), columns=names, partitioning=None)
        options = csv.ConvertOptions(
            include_columns=names,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        )
        return csv.read_csv(self.open(), parse_options=self._parsing, convert_options=options)

    @property
    def _parsing(self) -> csv.ParseOptions:
        return csv.ParseOptions(delimiter=self.delimiter)


def column_names(path: Path) -> list[str]:
    """Return the names of a file's columns, without spaces around them; its rows are not read.

    Raises:
        ProbecastError: it is missing, or no table.
    """
    return [name.strip() for name in _looked_into(path)[1]]


def read_columns(path: Path, columns: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read some columns.

    Returns:
        The cells, see ``tidy``; and which of them are blank: nothing is written there, which is
        another thing than NaN.

    Raises:
        ProbecastError: the file cannot be read, has no rows, or one of the columns twice.
    """
    source, names = _looked_into(path)
    for column, count in Counter(name.strip() for name in names).items():
        if count > 1 and column in columns:
            raise ProbecastError(
                f"{path}: column {column!r} stands there {count} times; give each a name of its "
                "own, or remove what is not meant"
            )
    spelt = {name.strip(): name for name in names if name.strip() in columns}
    cells, blank = {}, {}
    try:
        table = source.read(list(spelt.values()))
        for column, name in spelt.items():
            kind = table.schema.field(name).type
            if any(is_kind(kind) for is_kind in NOT_READ):
                raise ProbecastError(
                    f"{path}: column {column!r} holds {kind}, not numbers or texts (in UTF-8); "
                    "mend the file, or name other columns in the study file"
                )
            read = table.column(name).to_pandas(strings_to_categorical=True)
            nothing = table.column(name).is_null().to_numpy()
            cells[column], blank[column] = tidy(read, nothing)
    except UNREADABLE as error:
        raise ProbecastError(
            f"{path}: not readable ({_first_line(error)}); mend the file"
        ) from None
    if not len(table):
        raise ProbecastError(f"{path}: the table has no rows; correct 'path' in the study file")
    return pd.DataFrame(cells), pd.DataFrame(blank)


def _looked_into(path: Path) -> tuple[_Source, list[str]]:
    """A file, and the names of its columns."""
    try:
        with path.open("rb") as file:
            beginning = file.readline(2**20)
        packed = next((form for start, form in PACKED.items() if beginning.startswith(start)), "")
        content = _unpacked(path, packed) if packed else None
        if content is not None:
            beginning = io.BytesIO(content).readline(2**20)
        for start, what in NO_TABLES.items():
            if beginning.startswith(start):
                raise ProbecastError(f"{path}: {what}")
        endings = [suffix.lower() for suffix in path.suffixes]
        if beginning.startswith(b"PAR1") or endings[-1:] in ([".parquet"], [".pq"]):
            source = _Source(path, False, content)
        elif b"\0" in beginning:
            raise ValueError("it is no text")
        else:
            source = _Source(path, True, content, _delimiter(path, beginning, ".tsv" in endings))
        return source, source.names()
    except FileNotFoundError:
        raise ProbecastError(
            f"{path}: the table is missing; correct its 'path' in the study file"
        ) from None
    except UNREADABLE as error:
        raise ProbecastError(
            f"{path}: not a readable Parquet or CSV file ({_first_line(error)}); correct its "
            "'path' in the study file, or mend the file"
        ) from None


def _delimiter(path: Path, header: bytes, tabs: bool) -> str:
    """What stands between the columns, as the first line says."""
    if b";" in header and b"," not in header and b"\t" not in header:
        raise ProbecastError(
            f"{path}: semicolons stand between its columns; save it with commas there, and with "
            "points in numbers"
        )
    return "\t" if b"\t" in header and (tabs or b"," not in header) else ","


def _unpacked(path: Path, form: str) -> bytes:
    """The one table in a packed file."""
    if form == "zip":
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
            names = [name for name in names if not name.startswith("__MACOSX/")]
            if len(names) != 1:
                raise ProbecastError(
                    f"{path}: holds {len(names)} files, not one table; unpack it and name the one "
                    "that is meant (of a spreadsheet, save the sheet as CSV)"
                )
            with archive.open(names[0]) as file:
                return _at_most(path, file)
    if form == "zst":
        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as file:
            return _at_most(path, file)
    with {"gz": gzip, "bz2": bz2, "xz": lzma}[form].open(path) as file:
        return _at_most(path, file)


def _at_most(path: Path, file: BinaryIO) -> bytes:
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ProbecastError(f"{path}: holds more than {LARGEST:,} bytes; unpack it yourself")
    if content[257:262] == b"ustar":
        raise ProbecastError(f"{path}: is an archive of files; unpack it and name one of them")
    return content


def _first_line(error: object) -> str:
    """What a library says: one line at most, and no bytes that are no text."""
    line = str(error).strip().split("\n", 1)[0] or type(error).__name__
    return line if len(line) <= 200 and line.isprintable() else short(line)
