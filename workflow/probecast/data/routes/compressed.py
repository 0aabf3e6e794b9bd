"""Tables that come compressed: unpacked for the time that they are read, one file from each."""

import bz2
import gzip
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst", ".zip")
FIRST_BYTES = {
    ".gz": b"\x1f\x8b",
    ".bz2": b"BZh",
    ".xz": b"\xfd7zXZ",
    ".zst": b"\x28\xb5\x2f\xfd",
    ".zip": b"PK\x03\x04",
}
LARGEST = 16 * 2**30  # bytes; a small file may unpack to any number
ERRORS = (
    OSError,
    EOFError,
    RuntimeError,  # of a zip that is encrypted, or packed in a way that is not known
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    pa.ArrowException,
)


def unpacked(path: Path, folder: Path) -> Path:
    """Return a copy of what is in a compressed file, in a folder of its own below ``folder``.

    Raises:
        ValueError: what is wrong with it, and what to do.
    """
    try:
        with _opened(path) as (name, stream):
            folder.mkdir(parents=True, exist_ok=True)
            copy = Path(tempfile.mkdtemp(dir=folder), name)
            with copy.open("wb") as file:
                shutil.copyfileobj(_limited(stream), file, 2**20)
    except ERRORS as error:
        raise ValueError(
            f"not readable as {path.suffix} ({error}); replace it with a whole file."
        ) from None
    return copy


def check_plain(path: Path) -> None:
    """Raise ValueError if a file that should be text is compressed, whatever it is called."""
    with path.open("rb") as file:
        first = file.read(6)
    for ending, begins in FIRST_BYTES.items():
        if first.startswith(begins):
            raise ValueError(f"it is compressed; add {ending} to its name, or unpack it.")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the name of the one file that is packed, without folders, and what is in it."""
    kind = path.suffix.lower()
    if kind == ".zip":
        with zipfile.ZipFile(path) as archive:
            member = _only_member(archive)
            with archive.open(member) as stream:
                yield Path(member).name, stream
    elif kind == ".zst":
        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
            yield path.stem, stream
    else:
        opener = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}[kind]
        with opener(path, "rb") as stream:
            yield path.stem, stream


def _only_member(archive: zipfile.ZipFile) -> str:
    """Return the one file in an archive, what a Mac puts beside it aside."""
    members = [
        name
        for name in archive.namelist()
        if not name.endswith("/") and not name.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        raise ValueError(
            f"there are {len(members)} files in it, and it must be one; unpack it, and name the "
            "files, several by a pattern with `*`."
        )
    return members[0]


class _limited:
    """A stream that ends with an error beyond ``LARGEST`` bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._left = stream, LARGEST

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise OSError(f"it holds more than {LARGEST:,} bytes")
        return content
