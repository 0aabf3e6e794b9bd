"""First stage of a dataset: fetch its raw splits and check them against the lock file.

The lock records, on the first download, where the data came from and what they were: the
Hub's commit, row counts and a checksum of each split. Later downloads must bring the same.
"""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Audio, ClassLabel, Dataset, disable_progress_bars

from probecast.data.media import holds_files
from probecast.data.routes import Fetched, archive, files, folder, hub, mirror
from probecast.data.settings import DownloadSettings
from probecast.data.sources import Source
from probecast.data.user.source import find_source
from probecast.data.user.tidy import tidy
from probecast.errors import ProbecastError
from probecast.files import read_json, seal, write_json, writing

LARGE = 2**31 - 1  # bytes of files: one Arrow array holds no more


def download(settings: DownloadSettings, out: Path, lock: Path) -> dict[str, Any]:
    """Write the raw splits of a dataset to ``out/{train,test,val}.parquet``.

    The files are in the Hub's schema, with the features of ``datasets`` in their metadata
    (audio undecoded). ``out/source.json``, the provenance, is written last: where it lies,
    the files beside it are whole. All is built in ``<out>.part`` first, which a failed
    archive download leaves behind to be resumed; on failure ``out`` stays as it was.

    Args:
        settings: what to download.
        out: the folder to write to.
        lock: the dataset's lock file. It has to lie outside ``out`` to outlive it.

    Returns:
        The provenance, see ``describe``.

    Raises:
        ProbecastError: the data cannot be reached, are damaged, lack a column, or differ
            from the lock; the message says what to do.
    """
    disable_progress_bars()
    source = find_source(settings.dataset, settings.source, settings.own)
    locked = read_lock(lock)
    part = out.with_name(out.name + ".part")
    build = part / "build"
    shutil.rmtree(build, ignore_errors=True)  # of a run that was killed
    build.mkdir(parents=True)
    try:
        fetched = fetch(settings, source, locked, part / "archive.zip", build / "cache")
        if settings.own is not None:
            fetched = tidy(settings, fetched)
        for name, split in fetched.splits.items():
            check_split(settings, source, fetched, name)
            file = build / f"{name}.parquet"
            with writing(file):
                undecoded(split).to_parquet(file)
        record = describe(settings, fetched)
        check_lock(record, locked, lock)
        publish(build, out)
    finally:
        shutil.rmtree(build, ignore_errors=True)
        with suppress(OSError):  # not empty: it holds the first part of an archive
            part.rmdir()
    if record != locked:
        write_json(lock, record)
    write_json(out / "source.json", record)
    shutil.rmtree(part, ignore_errors=True)
    if settings.own is not None:
        rows = ", ".join(f"{split} {count}" for split, count in record["rows"].items())
        fetched.account.tell(f"{settings.dataset}: read from {fetched.identifier}; rows: {rows}")
    return record


def fetch(
    settings: DownloadSettings,
    source: Source,
    locked: dict[str, Any] | None,
    file: Path,
    cache: Path,
) -> Fetched:
    """Fetch the raw splits by the first of these routes that ``settings`` and ``source`` offer.

    ``locked`` tells the commit to ask the Hub for, ``file`` is where an archive goes.
    """
    own = settings.own
    if own and own.files is not None:
        return files.fetch(settings, cache)
    if own and own.folder is not None:
        return folder.fetch(settings, cache)
    if settings.mirror is not None:
        return mirror.fetch(settings, source, cache)
    if source.generate is not None:
        return generate(settings, source)
    if source.hub is not None:
        same = locked is not None and locked.get("identifier") == source.hub.path
        revision = source.hub.revision or (locked["revision"] if same else None)
        return hub.fetch(settings, source, revision, cache)
    if source.archive is not None:
        return archive.fetch(settings, source, file)
    raise ProbecastError(
        f"dataset {settings.dataset!r}: source {source.name!r} can only be read from a local "
        f"copy; name it with `mirror:` under `datasets: {settings.dataset}:` in the study file."
    )


def generate(settings: DownloadSettings, source: Source) -> Fetched:
    """Make the raw splits; raises ProbecastError if a split has no number of rows."""
    rows = settings.rows or {}
    if missing := [split for split in ("train", "test") if split not in rows]:
        raise ProbecastError(
            f"dataset {settings.dataset!r}: source {source.name!r} makes its data and must be "
            f"told how much; `rows` has no number for {missing[0]!r}."
        )
    return Fetched("embedded", source.name, dict(source.generate(rows, settings.seed)))


def undecoded(split: Dataset) -> Dataset:
    """Mark audio columns as not to be decoded: readers get the file's bytes (soundfile).

    ``datasets`` would decode them with torchcodec, which does not load everywhere.
    """
    for column, feature in split.features.items():
        if isinstance(feature, Audio):
            rate = feature.sampling_rate
            split = split.cast_column(column, Audio(sampling_rate=rate, decode=False))
    return split


def check_split(settings: DownloadSettings, source: Source, fetched: Fetched, name: str) -> None:
    """Raise ProbecastError if a raw split lacks a column or rows, or has a single class."""
    split = fetched.splits[name]
    place = f"dataset {settings.dataset!r}: split {name!r} of {fetched.identifier}"
    needed = ["timestamp"] if source.modality == "series" else []
    needed += [c for c in (source.input_column, source.target_column) if c is not None]
    for column in needed:
        if column not in split.features:
            raise ProbecastError(
                f"{place}: no column {column!r}; there are {', '.join(split.column_names)}. "
                f"Source {source.name!r} needs it: name a copy in that schema."
            )
    if len(split) == 0:
        raise ProbecastError(f"{place}: no rows; name a copy that has some.")
    cut = fetched.route != "embedded" and name in (settings.rows or {})
    target = split.features.get(source.target_column)
    if cut and isinstance(target, ClassLabel) and len(split.unique(source.target_column)) == 1:
        raise ProbecastError(
            f"{place}: its first {len(split)} rows are all of one class (it is sorted); remove "
            f"`download_rows` under `datasets: {settings.dataset}:` and use `train_rows`, "
            "`test_rows`, which select at random."
        )


def describe(settings: DownloadSettings, fetched: Fetched) -> dict[str, Any]:
    """Return the provenance of what was fetched: its origin, and rows and checksums by split."""
    return {
        "dataset": settings.dataset,
        "source": settings.source,
        "route": fetched.route,
        "identifier": fetched.identifier,
        "revision": fetched.revision,
        "settings": {
            "rows": settings.rows,
            "seed": settings.seed if fetched.route == "embedded" or settings.own else None,
            **({"own": settings.own.model_dump(exclude_defaults=True)} if settings.own else {}),
        },
        "rows": {name: len(split) for name, split in fetched.splits.items()},
        "checksums": {name: checksum(split) for name, split in fetched.splits.items()},
    }


def checksum(split: Dataset) -> str:
    """Return the SHA-256 of a split's values, types and class names.

    It is taken of the values, as an Arrow IPC stream of 1,000 rows a batch, fewer of large files
    (https://arrow.apache.org/docs/format/Columnar.html), and not of the Parquet file, whose
    bytes change with the writer's version, compression and row groups.
    """
    names = {
        column: feature.names
        for column, feature in split.features.items()
        if isinstance(feature, ClassLabel)
    }
    digest = hashlib.sha256(json.dumps(names, sort_keys=True).encode())
    batches = split.with_format("arrow").iter(batch_size=1000)
    for table in chain.from_iterable(map(_in_parts, batches)):
        # A copy, since the bytes of a slice depend on the table it was cut from.
        values = table.take(pa.array(range(len(table)))).combine_chunks()
        values = values.replace_schema_metadata(None)
        buffer = io.BytesIO()
        with pa.ipc.new_stream(buffer, values.schema) as writer:
            writer.write_table(values)
        digest.update(buffer.getbuffer())
    return digest.hexdigest()


def _in_parts(table: pa.Table) -> Iterator[pa.Table]:
    """The table, or parts of it whose images or recordings are few enough bytes for an array."""
    sizes = np.zeros(len(table), dtype=np.int64)
    for column in table.columns:
        if holds_files(column.type):
            held = [pc.struct_field(chunk, "bytes") for chunk in column.chunks]
            lengths = [pc.binary_length(part).fill_null(0).to_numpy() for part in held]
            sizes += np.concatenate(lengths)
    first, total = 0, 0
    for row, size in enumerate(sizes):
        if row > first and total + size > LARGE:
            yield table.slice(first, row - first)
            first, total = row, 0
        total += size
    yield table.slice(first)


def read_lock(lock: Path) -> dict[str, Any] | None:
    """Return what the lock records, None before the first download."""
    if not lock.exists():
        return None
    locked = read_json(lock)
    if not isinstance(locked, dict) or not {"revision", "rows", "checksums"} <= locked.keys():
        raise ProbecastError(f"{lock}: not a lock file; delete it to have it written anew.")
    return locked


def check_lock(record: dict[str, Any], locked: dict[str, Any] | None, lock: Path) -> None:
    """Raise ProbecastError if a download differs from the one that the lock records.

    A lock for other settings or another route says nothing about this download; it will be
    replaced.
    """
    identity = ("dataset", "source", "route", "identifier", "settings")
    if locked is None or any(locked.get(key) != record[key] for key in identity):
        return
    expected, found = _facts(locked), _facts(record)
    differences = [
        f"{fact} expected {expected.get(fact)}, found {found.get(fact)}"
        for fact in expected | found
        if expected.get(fact) != found.get(fact)
    ]
    if differences:
        raise ProbecastError(
            f"{lock}: {record['identifier']} is not what was downloaded first: "
            f"{'; '.join(differences)}. Restore the first version, or delete {lock} to accept "
            "the new one."
        )


def _facts(record: dict[str, Any]) -> dict[str, Any]:
    """Return what must not change from one download to the next, as messages call it."""
    of_splits = {
        f"{what} of {name!r}": value
        for what in ("rows", "checksums")
        for name, value in record[what].items()
    }
    return {"revision": record["revision"], **of_splits}


def publish(build: Path, out: Path) -> None:
    """Replace the splits in ``out`` by those in ``build``."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "source.json").unlink(missing_ok=True)  # nothing counts as whole until it is back
    for stale in (*out.glob("*.parquet"), *out.glob(".*.parquet.sha256")):
        stale.unlink()
    for file in build.glob("*.parquet"):
        file.replace(out / file.name)
        seal(out / file.name)
