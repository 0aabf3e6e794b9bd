"""What a user's data are: the part ``own`` of a study file, as far as it can be told."""

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from probecast.data.routes import files, folder
from probecast.data.user.settings import UserColumns
from probecast.errors import ProbecastError
from probecast.new.columns import Columns, called, sort_out

KEYS = ("dates", "steps", "ground", "separator", "test_share", "metric")
"""Keys of ``own`` that are options of the same name."""

ROLES = {"text": "text", "label": "label", "transcript": "transcript", "time": "timestamp"}
"""Options that name a column, and what the study file calls it."""


def described(path: Path, asked: Namespace, cache: Path) -> tuple[dict[str, Any], Columns]:
    """Return the part ``own`` of the study file, and what the columns of a table may be.

    Args:
        path: a table, a pattern for several, or a folder.
        asked: what the command line says of columns and keys.
        cache: an empty folder.

    Raises:
        ProbecastError: something cannot be decided; the message lists what there is, and names the
            option that decides.
    """
    keys = {key: getattr(asked, key) for key in KEYS if getattr(asked, key) is not None}
    if path.is_dir():
        modality = _of_files(path)
        metadata = folder.metadata_of(path / _train_folder(path, modality), str(path))
        own = {"modality": modality, "folder": str(path)}
        if metadata is None:
            return own | keys, Columns()
        rows = files.read_table(metadata, cache, str(metadata), asked.separator)
        rows = rows.remove_columns({folder.FILE_NAME} & {*rows.column_names})
        found = sort_out(rows)
    else:
        named = {"train": str(path), "test": asked.test, "val": asked.val}
        table = files.find(path, "data")[0]
        found = sort_out(files.read_table(table, cache, "data", asked.separator))
        modality = _of_columns(path, found, asked)
        own = {"modality": modality, "files": {k: v for k, v in named.items() if v is not None}}
    columns = dict(_columns(str(path), modality, found, asked))
    return own | ({"columns": columns} if columns else {}) | keys, found


def _train_folder(path: Path, modality: str) -> str:
    return folder.split_folders(path, modality, str(path))["train"]


def _of_files(path: Path) -> str:
    """Return the modality of most files in a folder."""
    endings = Counter(file.suffix.lower() for file in folder.files_below(path))
    counts = {
        m: sum(endings[e] for e in loader.EXTENSIONS) for m, loader in folder.LOADERS.items()
    }
    if not any(counts.values()):
        tables = sorted(ending for ending in endings if ending in files.FORMATS)
        instead = f"name them as a file or a pattern: '{path}/*{tables[0]}'" if tables else ""
        raise ProbecastError(
            f"{path}: there are neither images nor recordings in this folder, "
            f"{'but tables; ' + instead if instead else 'nor tables; name another'}."
        )
    return max(counts, key=counts.__getitem__)


def _of_columns(path: Path, found: Columns, asked: Namespace) -> str:
    """Return the modality of a table."""
    if modality := next((m for m, names in found.files.items() if names), None):
        return modality
    if asked.text or asked.label:
        return "text"
    if asked.time or asked.values or asked.steps:
        return "series"
    if found.texts and found.classes:
        return "text"
    if found.times and found.numbers:
        return "series"
    raise ProbecastError(
        f"{path}: found no column of texts beside one of classes, and no column of times beside "
        f"numbers ({found.in_words()}); name the columns by --text and --label, or by --time and "
        "--values (for numbers in succession without times, --steps rows)."
    )


def _columns(
    path: str, modality: str, found: Columns, asked: Namespace
) -> Iterator[tuple[str, str | list[str]]]:
    """Yield what each column is for, where it is not called as the study file would call it."""
    spoken = found.texts + [n for n in found.classes if n not in found.numbers]
    wanted = {
        "text": {"text": found.texts, "label": found.classes},
        "image": {"image": found.files["image"], "label": found.classes},
        "speech": {"audio": found.files["speech"], "transcript": spoken},
        "series": {"time": [n for n in found.times if n not in found.numbers] or found.times},
    }[modality]
    said = {getattr(asked, option, None) for option in wanted}
    chosen, problems = {}, []
    for option, candidates in wanted.items():
        if option in ("image", "audio") and not candidates:
            continue  # the files of a folder
        default = UserColumns.model_fields[ROLES.get(option, option)].default
        candidates = {name: found.classes.get(name) for name in candidates if name not in said}
        name = getattr(asked, option, None) or _only(candidates, default)
        if name is None and not (option == "time" and asked.steps == "rows"):
            problems.append(_undecided(option, candidates))
        elif name is not None:
            chosen[option] = name
    if problems:
        raise ProbecastError(f"{path}: {'; '.join(problems)}.")
    for option, name in chosen.items():
        yield ROLES.get(option, option), name
    if modality == "series":
        yield "values", asked.values or [n for n in found.numbers if n != chosen.get("time")]


def _only(candidates: Iterable[str], default: str) -> str | None:
    """Return the candidate that is called as usual, or the only one."""
    names = list(candidates)
    return default if default in names else names[0] if len(names) == 1 else None


def _undecided(option: str, candidates: dict[str, list[str] | None]) -> str:
    """Say what there is to choose from for an option."""
    if not candidates:
        return f"there is no column that may be the {option}; name one by --{option}"
    names = [
        called(name, of) if of and option == "label" else name for name, of in candidates.items()
    ]
    return (
        f"the {option} may be {' or '.join(names)}, which cannot be decided; name it, such as "
        f"--{option} {next(iter(candidates))}"
    )
