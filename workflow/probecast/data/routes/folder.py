"""Route ``folder``: images or recordings in a folder of the user's own.

It is laid out as ``imagefolder`` and ``audiofolder`` of ``datasets`` want it: a folder for each
class, or a ``metadata.csv`` (or ``.jsonl``, ``.parquet``) whose column ``file_name`` names the
files and whose others say what they are.
"""

import hashlib
import os
from pathlib import Path

import pyarrow as pa
from datasets import Audio, ClassLabel, Dataset, DatasetInfo, Features, Image, Value
from datasets.packaged_modules.audiofolder.audiofolder import AudioFolder
from datasets.packaged_modules.imagefolder.imagefolder import ImageFolder

from probecast.console import logger
from probecast.data.routes import Fetched
from probecast.data.routes.files import read_table
from probecast.data.settings import DownloadSettings
from probecast.data.spec import SPLITS
from probecast.errors import ProbecastError, suggest

LOADERS = {"image": ImageFolder, "speech": AudioFolder}
UNDECODED = {"image": Image(decode=False), "audio": Audio(decode=False)}
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
FILE_NAME = "file_name"
PART = 32  # files


def fetch(settings: DownloadSettings, cache: Path) -> Fetched:
    """Read the folder under ``own.folder``, the bytes of its files included.

    Raises:
        ProbecastError: the folder or a file in it is missing, or it has another layout.
    """
    folder = Path(settings.own.folder)
    key = f"datasets.{settings.dataset}.own.folder"
    if not folder.is_dir():
        raise ProbecastError(f"{key}: {folder}: there is no such folder; correct the path.")
    splits = {split: folder / split for split in SPLITS if (folder / split).is_dir()}
    if "train" not in splits or metadata_of(folder) is not None:
        splits = {"train": folder}
    read = {split: read_folder(at, settings, cache, key) for split, at in splits.items()}
    return Fetched("folder", settings.own.folder, read)


def state_of(folder: Path, modality: str) -> str:
    """Return a hash of the names, sizes and times of all files below a folder that are read."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        read = path.suffix.lower() in LOADERS[modality].EXTENSIONS or path.name in METADATA
        if read and path.is_file():
            found = path.stat()
            name = path.relative_to(folder)
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def metadata_of(folder: Path) -> Path | None:
    """Return the file that says what the files of a folder are, None if their folders do."""
    return next((folder / name for name in METADATA if (folder / name).exists()), None)


def read_folder(folder: Path, settings: DownloadSettings, cache: Path, key: str) -> Dataset:
    """Return one row for each file of a folder that holds one split."""
    loader = LOADERS[settings.own.modality]
    column = loader.BASE_COLUMN_NAME
    files = sorted(
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.suffix.lower() in loader.EXTENSIONS and not _hidden(path.relative_to(folder))
    )
    metadata = metadata_of(folder)
    if not files and metadata is None:
        raise ProbecastError(
            f"{key}: {folder}: there is no {column} file in it; correct the path."
        )
    if metadata is not None:
        rows = described(metadata, column, cache, key, settings.own.separator)
        if (left := len(files) - len(rows)) > 0:
            logger.warning(
                "%s: %s: %d of %d files are not in it and are left out",
                *(key, metadata, left, len(files)),
            )
        return rows
    if column == "audio":
        raise ProbecastError(
            f"{key}: {folder}: there is no metadata.csv; add one with the columns file_name and "
            "transcription."
        )
    return in_class_folders(folder, files, key)


def _hidden(file: Path) -> bool:
    """Whether ``imagefolder`` would pass over a file: it, or a folder above, is not for eyes."""
    special = any(name.startswith("__") for name in file.parent.parts)
    return special or any(name.startswith(".") for name in file.parts)


def described(
    metadata: Path, column: str, cache: Path, key: str, separator: str | None = None
) -> Dataset:
    """Return the rows of a metadata file, with the files that they name as ``column``.

    The loader ``audiofolder`` itself needs torchcodec, which does not load everywhere.
    """
    rows = read_table(metadata, cache, key, separator)
    if FILE_NAME not in rows.column_names:
        raise ProbecastError(
            f"{key}: {metadata}: there is no column {FILE_NAME!r}; add it. "
            f"{suggest(FILE_NAME, rows.column_names)}"
        )
    if column in rows.column_names:
        raise ProbecastError(
            f"{key}: {metadata}: it has a column {column!r}, which is what the files themselves "
            "are called; rename or remove it."
        )
    contents = []
    for number, name in enumerate(rows[FILE_NAME], start=1):
        inside = Path(os.path.normpath(str(name or "")))
        path = metadata.parent / inside
        if inside.is_absolute() or ".." in inside.parts:
            raise ProbecastError(
                f"{key}: {metadata}, row {number}: {name!r} lies outside the folder; move the "
                "file into it."
            )
        if not path.is_file():
            raise ProbecastError(
                f"{key}: {metadata}, row {number}: there is no file {name!r}; add it, or remove "
                "the row."
            )
        contents.append({"bytes": path.read_bytes(), "path": name})
    return _with_files(rows, FILE_NAME, column, contents)


def in_class_folders(folder: Path, files: list[Path], key: str) -> Dataset:
    """Return images, by path, with the names of their folders as ``label``."""
    if stray := [file for file in files if len(file.parts) != 2]:
        raise ProbecastError(
            f"{key}: {folder}: {stray[0]} is not in a class folder, as <class>/<image> would be "
            f"({len(stray)} of {len(files)} images are not); move them, or add a metadata.csv "
            "with the columns file_name and label."
        )
    files = sorted(files, key=Path.as_posix)
    names = [file.parts[0] for file in files]
    label = ClassLabel(names=sorted(set(names)))
    rows = Dataset.from_dict(
        {FILE_NAME: names, "label": label.str2int(names)},
        features=Features({FILE_NAME: Value("string"), "label": label}),
    )
    contents = [{"bytes": (folder / file).read_bytes(), "path": file.as_posix()} for file in files]
    return _with_files(rows, FILE_NAME, "image", contents)


def _with_files(
    rows: Dataset, replaced: str, column: str, contents: list[dict[str, bytes | str]]
) -> Dataset:
    """Return the rows with the column ``replaced`` as files, undecoded, called ``column``."""
    position = rows.column_names.index(replaced)
    names = [column if name == replaced else name for name in rows.column_names]
    kinds = {**rows.features, replaced: UNDECODED[column]}.values()
    features = Features(zip(names, kinds, strict=True))
    kind = features.arrow_schema.field(column).type
    # In parts, as one array of files holds 2 GiB at most.
    parts = [contents[first : first + PART] for first in range(0, len(contents), PART)]
    array = pa.chunked_array([pa.array(part, kind) for part in parts], kind)
    table = rows.data.table.set_column(position, column, array)
    # With a name of its own: else `datasets` would join the parts to make one of all bytes.
    return Dataset(table, DatasetInfo(features=features), fingerprint=f"files-of-{column}")
