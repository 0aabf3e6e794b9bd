"""What finished before a job was killed: epoch records, appended as they are made.

The journal lies outside the job's outputs, so that Snakemake does not delete it with
them; a rerun of the job takes what it holds and trains only the rest.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from probecast.files import sha256

Row = dict[str, Any]


class Journal:
    """An append-only file of JSON lines; each line is one call of ``append``.

    The first line holds a fingerprint of everything the rows depend on. A journal with
    another fingerprint, or none, starts empty. A line cut off by a kill is ignored.
    """

    def __init__(self, path: str | Path, fingerprint: str) -> None:
        self.path = Path(path)
        self.rows: list[Row] = []
        kept = []
        if self.path.exists():
            lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
            header, *body = (_parse(line) for line in lines)
            if header == {"fingerprint": fingerprint}:
                kept = [rows for rows in body if isinstance(rows, list)]
        self.rows = [row for rows in kept for row in rows]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Rewritten, so that nothing is ever appended to half a line.
        content = [{"fingerprint": fingerprint}, *kept]
        self.path.write_text("".join(json.dumps(line) + "\n" for line in content))

    def append(self, rows: list[Row]) -> None:
        """Add rows; they survive a kill from here on."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(rows) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.rows += rows

    def delete(self) -> None:
        """Remove the file: the output that it stood in for is written."""
        self.path.unlink(missing_ok=True)


def fingerprint(files: Iterable[str | Path], *parts: str) -> str:
    """Return one hash of all that a job depends on: the files' contents, and texts."""
    digest = hashlib.sha256()
    for part in (*map(sha256, files), *parts):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _parse(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
