"""Route ``folder``: images or recordings in a folder of the user's own.

It is laid out as ``imagefolder`` and ``audiofolder`` of ``datasets`` want it: a folder for each
class, or a ``metadata.csv`` (or another table) whose column ``file_name`` names the files and
whose others say what they are. Links are followed. What is not read is counted by its reason.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from datasets import Audio, ClassLabel, Dataset, DatasetInfo, Features, Image, Value
from datasets.packaged_modules.audiofolder.audiofolder import AudioFolder
from datasets.packaged_modules.imagefolder.imagefolder import ImageFolder

from probecast.data.routes import Fetched
from probecast.data.routes.files import FORMATS, read_table
from probecast.data.settings import DownloadSettings
from probecast.data.split_names import USUAL, by_split, split_of
from probecast.data.user.account import Account, listed
from probecast.data.user.split import take
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
    own, key, account = settings.own, f"datasets.{settings.dataset}.own.folder", Account()
    folder = Path(own.folder)
    if not folder.is_dir():
        raise ProbecastError(f"{key}: {folder}: there is no such folder; correct the path.")
    called = split_folders(folder, own.modality, key)
    read = {
        split: read_folder(folder / name, settings, cache, key, account)
        for split, name in called.items()
    }
    if list(called.values()) == ["."]:
        read = _divided(read["train"], LOADERS[own.modality].BASE_COLUMN_NAME, key, account)
    else:
        account.note(f"splits: the folders {', '.join(called.values())}")
        names = ", ".join(called.values())
        outside = [
            file
            for file in files_below(folder)
            if file.parts[0] not in called.values() and not _hidden(file)
        ]
        account.leave_out(
            len(outside),
            f"files outside the folders {names}",
            f"{key}: {folder}: {len(outside)} files lie outside the folders of the splits, "
            f"{names}, and are not read: {listed([str(file) for file in outside])}",
        )
    return Fetched("folder", own.folder, read, account=account)


def split_folders(folder: Path, modality: str, key: str) -> dict[str, str]:
    """Return our split -> the name of its folder; ``train: .`` where there are no such folders.

    Raises:
        ProbecastError: two folders mean the same split, or there is none to train on.
    """
    alone = {"train": "."}
    if metadata_of(folder, key) is not None:
        return alone
    below = sorted(path.name for path in folder.iterdir() if path.is_dir())
    splits = [name for name in below if split_of(name) and not _hidden(Path(name, "x"))]
    training = [name for name in splits if split_of(name) == "train"]
    if not training:
        if len(splits) > 1 and splits == below and not _are_classes(splits):
            raise ProbecastError(
                f"{key}: {folder}: the folders {', '.join(splits)} have names of splits, but "
                f"none is for training; call that one {' or '.join(USUAL['train'])}."
            )
        return alone
    endings = LOADERS[modality].EXTENSIONS
    for name in training:  # a class of that name holds its files itself
        inside = [path for path in (folder / name).iterdir() if path.suffix.lower() in endings]
        if inside and metadata_of(folder / name, key) is None:
            return alone
    try:
        return by_split(splits)
    except ValueError as error:
        raise ProbecastError(f"{key}: {folder}: folders {error}.") from None


def files_below(
    folder: Path, inside: Path = Path(), above: frozenset[Path] = frozenset()
) -> Iterator[Path]:
    """Yield all files below a folder, relative to it; those behind links, too, but in no circle.

    Args:
        folder: the folder.
        inside: the folder in it to look into.
        above: the folders that lead there, where they really are.

    Raises:
        ProbecastError: a folder cannot be read.
    """
    try:
        here = (folder / inside).resolve()
        if here in above:
            return
        entries = sorted((folder / inside).iterdir())
    except (OSError, RuntimeError) as error:
        raise ProbecastError(f"{folder / inside}: not readable ({error}); mend that.") from None
    for entry in entries:
        if entry.is_dir():
            yield from files_below(folder, inside / entry.name, above | {here})
        else:
            yield inside / entry.name


def state_of(folder: Path, modality: str) -> str:
    """Return a hash of the names, sizes and times of all files below a folder that are read."""
    digest = hashlib.sha256()
    for name in sorted(files_below(folder)):
        read = name.suffix.lower() in LOADERS[modality].EXTENSIONS or _is_metadata(name)
        if read and (folder / name).is_file():
            found = (folder / name).stat()
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def metadata_of(folder: Path, key: str = "") -> Path | None:
    """Return the file that says what the files of a folder are, None if their folders do.

    Raises:
        ProbecastError: there are two.
    """
    found = sorted(path for path in folder.iterdir() if _is_metadata(path))
    if len(found) > 1:
        raise ProbecastError(
            f"{key}: {folder}: there are {' and '.join(path.name for path in found)}; keep one."
        )
    return found[0] if found else None


def _is_metadata(file: Path) -> bool:
    return file.stem.lower() == "metadata" and file.suffix.lower() in FORMATS


def read_folder(
    folder: Path, settings: DownloadSettings, cache: Path, key: str, account: Account
) -> Dataset:
    """Return one row for each file of a folder that holds one split."""
    loader = LOADERS[settings.own.modality]
    column = loader.BASE_COLUMN_NAME
    shown, hidden = [], 0
    for file in files_below(folder):
        if _hidden(file):
            hidden += 1
        elif not (len(file.parts) == 1 and _is_metadata(file)):
            shown.append(file)
    files = [file for file in shown if file.suffix.lower() in loader.EXTENSIONS]
    unread = [file for file in shown if file.suffix.lower() not in loader.EXTENSIONS]
    metadata = metadata_of(folder, key)
    if not files and metadata is None:
        there = f", only {_by_ending(unread)}, which are not read" if unread else ""
        raise ProbecastError(
            f"{key}: {folder}: there is no {column} file in it{there}; "
            f"{'convert them, or ' if unread else ''}correct the path."
        )
    account.leave_out(hidden, "hidden files")
    if metadata is not None:
        rows = described(metadata, column, cache, key, settings.own.separator)
        named = set(_names(rows, column))
        left = [file for file in shown if file.as_posix() not in named]
        account.leave_out(
            len(left),
            f"files that {metadata.name} does not name",
            f"{key}: {metadata}: {len(left)} of {len(shown)} files are not in it and are left out",
        )
        if (again := len(rows) - len(named)) > 0:
            account.note(
                f"{again} rows of {metadata.name} name a file that another row names, too"
            )
        return rows
    if column == "audio":
        raise ProbecastError(
            f"{key}: {folder}: there is no metadata.csv; add one with the columns file_name and "
            "transcription."
        )
    _check_unread(folder, files, unread, key, account)
    return in_class_folders(folder, files, key)


def _check_unread(
    folder: Path, files: list[Path], unread: list[Path], key: str, account: Account
) -> None:
    """Count the files whose ending is not read; raise ProbecastError if a class is lost by it."""
    total = len(files) + len(unread)
    counted = f"{len(unread)} of {total} files have an ending that is not read"
    lost = {file.parts[0] for file in unread if len(file.parts) > 1}
    lost -= {file.parts[0] for file in files}
    if lost:
        raise ProbecastError(
            f"{key}: {folder}: {counted} ({_by_ending(unread)}), all of "
            f"{listed([f'class {name!r}' for name in sorted(lost)])} among them; convert them, "
            "or move them out of the folder."
        )
    account.leave_out(
        len(unread),
        f"files with an ending that is not read ({_by_ending(unread)})",
        f"{key}: {folder}: {counted} ({_by_ending(unread)})",
    )
    classes = {file.parts[0] for file in files}
    below = {path.name for path in folder.iterdir() if path.is_dir()}
    empty = sorted(name for name in below - classes if not _hidden(Path(name, "x")))
    if empty:
        account.note(f"folders without any image: {listed(empty)}")


def _by_ending(files: list[Path]) -> str:
    """Count files by their endings, the most frequent first."""
    endings = Counter(file.suffix.lower() or "without an ending" for file in files)
    return listed([f"{count} {ending}" for ending, count in endings.most_common()])


def _names(rows: Dataset, column: str) -> list[str]:
    """Return the names of the files in a column, as paths in their folder."""
    names = pc.struct_field(rows.data.column(column), "path").to_pylist()
    return [Path(os.path.normpath(name)).as_posix() for name in names]


def _divided(rows: Dataset, column: str, key: str, account: Account) -> dict[str, Dataset]:
    """Return the splits of files that lie in folders called so, else all for training."""
    tops = [Path(name).parts[0] for name in _names(rows, column)]
    splits = [split_of(top) for top in tops]
    if None in splits or "train" not in splits or len(set(splits)) == 1:
        return {"train": rows}
    try:
        called = by_split(set(tops))
    except ValueError as error:
        raise ProbecastError(f"{key}: folders {error}.") from None
    account.note(f"splits: the folders {', '.join(called.values())}")
    return take(rows, splits)


def _are_classes(splits: list[str]) -> bool:
    """Whether folders can hardly be splits: two of them mean the same."""
    return len({split_of(name) for name in splits}) < len(splits)


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
        contents.append(_content(metadata.parent, name, key))
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
    contents = [_content(folder, file.as_posix(), key) for file in files]
    return _with_files(rows, FILE_NAME, "image", contents)


def _content(folder: Path, file: str, key: str) -> dict[str, bytes | str]:
    """Return a file as a column of files holds it; raises ProbecastError if it cannot be read."""
    try:
        return {"bytes": (folder / file).read_bytes(), "path": file}
    except OSError as error:
        raise ProbecastError(
            f"{key}: {folder / file}: not readable ({error.strerror}); mend that, or remove it."
        ) from None


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
