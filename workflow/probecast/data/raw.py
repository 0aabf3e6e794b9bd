"""Read the raw Parquet files that ``download`` wrote: only the columns and rows asked for.

The files are in the Hub's schema, as ``datasets`` writes it, and are read with pyarrow:
loading them with ``datasets`` would first copy them whole into its cache, and decode audio
with a library that is not installed everywhere.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from probecast.data.media import holds_files
from probecast.data.spec import SPLITS
from probecast.errors import ProbecastError
from probecast.files import checked

REDOWNLOAD = "delete it and rerun download"


class RawFile:
    """One raw split; a file that is missing, damaged or not Parquet is a ProbecastError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._parquet = pq.ParquetFile(checked(path))
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None
        self.row_count: int = self._parquet.metadata.num_rows
        self.columns: list[str] = self._parquet.schema_arrow.names

    def read(self, column: str, rows: np.ndarray | None = None) -> pa.ChunkedArray:
        """Return ``column``, or of it the given ``rows`` in their order.

        Row groups without a chosen row are skipped, and of the others just the chosen rows are
        kept, each by itself: one array of files would hold 2 GiB at most.
        """
        try:
            if rows is None:
                return self._parquet.read(columns=[column]).column(0)
            chosen: list[pa.Array | None] = [None] * len(rows)
            first = 0
            for group in range(self._parquet.num_row_groups):
                last = first + self._parquet.metadata.row_group(group).num_rows
                places = np.flatnonzero((first <= rows) & (rows < last))
                if len(places):
                    values = self._parquet.read_row_group(group, columns=[column]).column(0)
                    kept = values.take(rows[places] - first)
                    for number, place in enumerate(places):
                        chosen[place] = kept.slice(number, 1).chunk(0)
                first = last
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None
        return pa.chunked_array(chosen, self._parquet.schema_arrow.field(column).type)

    def class_names(self, column: str) -> list[str] | None:
        """Return the names of a ``ClassLabel`` column, None if it is no such column."""
        metadata = self._parquet.schema_arrow.metadata or {}
        features = json.loads(metadata.get(b"huggingface", b"{}"))
        return features.get("info", {}).get("features", {}).get(column, {}).get("names")

    def _unreadable(self, error: Exception) -> ProbecastError:
        return ProbecastError(f"{self.path}: not readable as Parquet ({error}); {REDOWNLOAD}.")


def open_raw(raw: Path) -> dict[str, RawFile]:
    """Open the raw splits in ``raw``: ``train``, where there is one ``val``, and ``test``.

    That they have rows and the columns of their source was checked when they were downloaded.
    """
    present = [s for s in SPLITS if s != "val" or (raw / "val.parquet").exists()]
    return {split: RawFile(raw / f"{split}.parquet") for split in present}


@dataclass(frozen=True)
class Selection:
    """Some rows of one raw file, by their numbers from 0, in a chosen order."""

    file: RawFile
    rows: np.ndarray

    def read(self, column: str) -> list[Any]:
        """Return the rows' values of ``column``."""
        return self.file.read(column, self.rows).to_pylist()

    def read_bytes(self, column: str) -> list[bytes]:
        """Return the encoded files in ``column``, an ``Image`` or ``Audio`` of the Hub.

        Raises:
            ProbecastError: the column holds something else, or a row has no bytes.
        """
        values = self.file.read(column, self.rows)
        if not holds_files(values.type):
            raise ProbecastError(
                f"{self.file.path}: column {column!r} is of type {values.type}, not images or "
                "audio with their bytes. Name the right column in the dataset's source."
            )
        contents = [(value or {}).get("bytes") for value in values.to_pylist()]
        for i, content in enumerate(contents):
            if not content:
                raise ProbecastError(
                    f"{self.place(i, column)}: no bytes (a file that was left out?); {REDOWNLOAD}."
                )
        return contents

    def refused(self, i: int, column: str, fault: str) -> ProbecastError:
        """Return the error that says what is wrong with the ``i``-th file in ``column``."""
        remedy = "repair or remove it at the source and rerun download"
        return ProbecastError(f"{self.place(i, column)}: {fault}; {remedy}.")

    def place(self, i: int, column: str) -> str:
        """Name the ``i``-th value in an error message: file, row, column, and what it was."""
        value = self.file.read(column, self.rows[i : i + 1])[0].as_py()
        path = value.get("path") if isinstance(value, dict) else None
        origin = f" ({path})" if path else ""
        return f"{self.file.path}, row {self.rows[i]}, column {column!r}{origin}"
