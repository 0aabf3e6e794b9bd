"""Atomic writes and checksums: a reader sees a whole file or none."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from probecast.errors import ProbecastError

Kind = TypeVar("Kind")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` on success.

    On an exception the temporary file is removed and ``path`` stays as it was.
    """
    path = Path(path)
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
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProbecastError(
            f"{path}: the file is missing; rerun the stage that writes it."
        ) from None
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise ProbecastError(
            f"{path}: not valid JSON ({error}); delete it and rerun the stage that writes it."
        ) from None


def read_json_as(kind: type[Kind], path: str | Path, remedy: str) -> Kind:
    """Read JSON from ``path`` into ``kind``, checked against its annotations.

    Raises:
        ProbecastError: the file is missing or holds something else; it ends with ``remedy``.
    """
    try:
        return TypeAdapter(kind).validate_json(Path(path).read_bytes())
    except FileNotFoundError:
        raise ProbecastError(f"{path}: the file is missing; {remedy}.") from None
    except ValidationError as error:
        raise ProbecastError(f"{path}: {first_problem(error)}; {remedy}.") from None


def first_problem(error: ValidationError) -> str:
    """Return where something is wrong first, and what."""
    problem = error.errors(include_url=False)[0]
    place = ".".join(map(str, problem["loc"]))
    return f"{place}: {problem['msg']}" if place else problem["msg"]


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
