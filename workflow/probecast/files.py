"""Atomic writes with checksums: a reader sees a whole, undamaged file or one clear error.

Beside every file ``<name>`` that is written here lies its seal ``.<name>.sha256``, in the format
of ``sha256sum``. Readers compare the two; a file without a seal is read as it is.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from probecast.errors import ProbecastError

if TYPE_CHECKING:
    import pandas as pd

Kind = TypeVar("Kind")


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn a refusal to write (disk full, no permission) into a ProbecastError naming ``path``."""
    try:
        yield
    except OSError as error:
        raise ProbecastError(
            f"{path}: cannot be written ({error.strerror or error}); free space or make its "
            "folder writable, then run the same command again. What was finished is kept."
        ) from error


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success rename it to ``path`` and seal it.

    On an exception the temporary file is removed and ``path`` stays as it was.
    """
    path = Path(path)
    with writing(path):
        with _replacing(path) as temporary:
            yield temporary
            # Between the old seal and the new one a kill leaves a whole file without a seal.
            _seal_of(path).unlink(missing_ok=True)
        seal(path)


def seal(path: Path) -> None:
    """Keep the checksum of a finished file beside it."""
    with _replacing(_seal_of(path)) as temporary:
        temporary.write_text(f"{sha256(path)}  {path.name}\n", encoding="utf-8")


def checked(path: str | Path) -> Path:
    """Return ``path`` if the file is there and is what was written.

    Raises:
        ProbecastError: it is missing or damaged.
    """
    path = Path(path)
    if not path.exists():
        raise ProbecastError(
            f"{path}: the file is missing; correct its name or, if a study writes it, make it: "
            f"snakemake --cores 2 {path} (with its --configfile)."
        )
    beside = _seal_of(path)
    if beside.exists() and beside.read_bytes().split()[:1] != [sha256(path).encode()]:
        raise ProbecastError(
            f"{path}: damaged, or changed by hand: its checksum is not that in {beside.name} "
            "beside it; delete the file and run the same command again, which makes it anew "
            f"(or delete {beside.name} to have the file used as it is)."
        )
    return path


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically, as UTF-8."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` to ``path`` atomically: strict JSON (no NaN), sorted keys as given."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read JSON from ``path``; a missing or damaged file is a ProbecastError that names it."""
    try:
        return json.loads(checked(path).read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise ProbecastError(
            f"{path}: not valid JSON ({error}); delete it and rerun the stage that writes it."
        ) from None


def read_json_as(kind: type[Kind], path: str | Path, remedy: str) -> Kind:
    """Read JSON from ``path`` into ``kind``, checked against its annotations.

    Raises:
        ProbecastError: the file is missing, damaged, or holds something else; the last ends with
            ``remedy``.
    """
    try:
        return TypeAdapter(kind).validate_json(checked(path).read_bytes())
    except ValidationError as error:
        raise ProbecastError(f"{path}: {first_problem(error)}; {remedy}.") from None


def first_problem(error: ValidationError) -> str:
    """Return where something is wrong first, and what."""
    problem = error.errors(include_url=False)[0]
    place = ".".join(map(str, problem["loc"]))
    return f"{place}: {problem['msg']}" if place else problem["msg"]


def write_parquet(path: str | Path, frame: "pd.DataFrame") -> None:
    """Write a frame to ``path`` atomically as Parquet, without its index."""
    with atomic_path(path) as temporary:
        frame.to_parquet(temporary, index=False)


def read_parquet(path: str | Path) -> "pd.DataFrame":
    """Read what ``write_parquet`` wrote; a missing or damaged file is a ProbecastError."""
    import pandas as pd  # slow to load, and every job reads this module
    from pyarrow import ArrowException

    try:
        return pd.read_parquet(checked(path))
    except (ValueError, OSError, ArrowException) as error:
        raise ProbecastError(
            f"{path}: not a readable Parquet file ({error}); delete it and rerun the stage that "
            "writes it."
        ) from None


def read_csv(path: str | Path) -> "pd.DataFrame":
    """Read a CSV file of a stage; a missing or damaged file is a ProbecastError."""
    import pandas as pd

    try:
        return pd.read_csv(checked(path))
    except ValueError as error:  # pandas' own and those of an encoding are such
        raise ProbecastError(
            f"{path}: not readable as CSV ({error}); delete it and rerun the stage that writes it."
        ) from None


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.sha256")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp's 0600 would lock colleagues out
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
