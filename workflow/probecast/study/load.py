"""Reads a study file: checks it, and says all that is wrong at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from probecast.data.text_encoders import is_folder
from probecast.errors import ProbecastError, short
from probecast.study.checks import all_of, explain, find_problems
from probecast.study.model import Study
from probecast.study.sections import DatasetStudy


def load_study(config: Any, file: str, base: Path) -> Study:
    """Check a parsed study file and fill its defaults.

    Args:
        config: the YAML document, whatever it holds.
        file: the file's name, for messages.
        base: the folder that relative paths in it count from.

    Raises:
        ProbecastError: names the file, the key, the value found and the remedy; all
            errors of one pass at once.
    """
    if not isinstance(config, Mapping):
        raise ProbecastError(
            f"{file}: found {short(config)}; a study file holds keys such as 'name:' and 'tasks:'."
        )
    try:
        study = Study.model_validate(dict(config))
    except ValidationError as error:
        raise all_of(explain(problem, file, Study) for problem in error.errors()) from None
    try:
        study = study.model_copy(update=_absolute_paths(study, base))
    except (OSError, ValueError, RuntimeError) as error:
        raise ProbecastError(f"{file}: not a file name: {error}; correct it.") from None
    problems = [f"{file}: {problem}" for problem in find_problems(study)]
    if problems:
        raise all_of(problems)
    study._file = file
    return study


def _absolute_paths(study: Study, base: Path) -> dict[str, Any]:
    """Return the parts of a study that name files, with paths that count from ``base``."""
    return {
        "datasets": {name: _located(of, base) for name, of in study.datasets.items()},
        "architectures": {
            name: _absolute(own, base, "file") for name, own in study.architectures.items()
        },
        "tables": {name: own.beside(base) for name, own in study.tables.items()},
        "history": {name: own.beside(base) for name, own in study.history.items()},
        "sweep": _absolute(study.sweep, base, "tables"),
    }


def _located(dataset: DatasetStudy, base: Path) -> DatasetStudy:
    """Return the dataset with absolute paths."""
    named = dataset.pretrained is not None and is_folder(dataset.pretrained)
    own = dataset.own and dataset.own.beside(base)
    located = _absolute(dataset, base, *(["mirror", "pretrained"] if named else ["mirror"]))
    return located.model_copy(update={"own": own})


def _absolute(settings: BaseModel, base: Path, *keys: str) -> Any:
    """Return the settings with the paths under ``keys``, where there are any, made absolute."""
    paths = {key: getattr(settings, key) for key in keys}
    absolute = {key: str(Path(base, path).resolve()) for key, path in paths.items() if path}
    return settings.model_copy(update=absolute)
