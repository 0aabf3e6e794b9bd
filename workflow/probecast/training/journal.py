"""What has been trained, as it is made: epoch records that outlive a kill, and the job.

The journal lies outside the job's outputs, so that Snakemake does not delete it with
them; a rerun of the job takes what it holds and trains only the rest. It stays when the job
is done: where Snakemake itself was killed, it takes a finished job for an unfinished one.
"""

import fcntl
import hashlib
import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from probecast.console import logger
from probecast.files import sha256, writing

Row = dict[str, Any]


class Journal:
    """An append-only file of lines, each a checksum and JSON: one call of ``append``.

    The first line holds a fingerprint of everything the rows depend on. A journal with
    another fingerprint, or none, starts empty. A line that was cut off by a kill, or damaged
    later, is ignored. While one process has the journal open, others wait for it to end.
    """

    def __init__(self, path: str | Path, fingerprint: str) -> None:
        self.path = Path(path)
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+", encoding="utf-8", errors="replace")
            self._wait_for_others()
            self._file.seek(0)
            content = self._file.read()
            header, *body = map(_parse, content.split("\n"))
            if header == {"fingerprint": fingerprint}:
                kept = [rows for rows in body if isinstance(rows, list)]
                if not content.endswith("\n"):  # half a line, which nothing may be appended to
                    self._write("\n")
            else:
                kept = []
                self._file.truncate(0)
                self._write(_line({"fingerprint": fingerprint}))
        self.rows: list[Row] = [row for rows in kept for row in rows]

    def append(self, rows: list[Row]) -> None:
        """Add rows; they survive a kill from here on."""
        with writing(self.path):
            self._write(_line(rows))
        self.rows += rows

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _wait_for_others(self) -> None:
        """Let a job finish that outlived its killed Snakemake, instead of training beside it."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            logger.info("%s: an earlier run's job still trains this; waiting for it", self.path)
            fcntl.lockf(self._file, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            logger.debug("%s: cannot be locked", self.path)


def _line(value: Any) -> str:
    text = json.dumps(value)
    return f"{zlib.crc32(text.encode()):08x} {text}\n"


def fingerprint(files: Iterable[str | Path], *parts: str) -> str:
    """Return one hash of all that a job depends on: the files' contents, and texts."""
    digest = hashlib.sha256()
    for part in (*map(sha256, files), *parts):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _parse(line: str) -> Any:
    """The value of a line; None if it is not as it was written."""
    checksum, _, text = line.partition(" ")
    if checksum != f"{zlib.crc32(text.encode()):08x}":
        return None
    return json.loads(text)
