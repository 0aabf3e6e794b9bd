"""What can be wrong with a study file, said so that it can be mended."""

import os
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any

from pydantic import BaseModel

from probecast.data.keys import FILE_NAME
from probecast.data.modalities import KINDS
from probecast.data.sources import SOURCES
from probecast.errors import ProbecastError, short, suggest
from probecast.networks import (
    ARCHITECTURES,
    NEED_PRETRAINED,
    constants,
    fitting,
    needs_pretrained,
)
from probecast.networks.user import check_file, is_own
from probecast.space import LARGEST_GRID, NAME
from probecast.study.layout import BRACES
from probecast.study.model import Study
from probecast.study.sections import FUNCTION, ArchitectureStudy
from probecast.training.hyperparameters import OPTIONAL, REQUIRED, problem_with
from probecast.trials import IDENTITY, MEASURED, architecture_of, dataset_of
from probecast.tuners import TUNERS

RESERVED = "all"
MEMBER = re.compile(
    r"Choice|Range|bool|int|float|str|\[key\]|constrained-(int|str)|(literal|function).*\[.*\]"
)
PATTERNS = {
    NAME: (
        "a name is of at most 64 lower-case letters, digits and underscores, and begins with a "
        "letter"
    ),
    FUNCTION: "the name of a Python function is of letters, digits and underscores",
    FILE_NAME: "a file name has at least one character and no null byte",
}
"""What each regular expression of the study file means, in words."""

MOST_LINES = 20  # of one message


def all_of(problems: Iterable[str]) -> ProbecastError:
    """Return one error that tells all problems, the first ones in full."""
    lines = list(dict.fromkeys(problems))
    more = [f"... and {len(lines) - MOST_LINES} more."] if len(lines) > MOST_LINES else []
    return ProbecastError("\n".join([*lines[:MOST_LINES], *more]))


def explain(problem: Mapping[str, Any], file: str, model: type[BaseModel]) -> str:
    """Turn one pydantic error into a line with file, key, value and remedy.

    Args:
        problem: an entry of ``ValidationError.errors()``.
        file: the file's name.
        model: what the whole file was checked against.
    """
    # Pydantic puts the names of union members into the location; a user knows only keys. An
    # unknown key may look like one.
    unknown = problem["type"] == "extra_forbidden"
    loc = [str(part) for part in problem["loc"]]
    parts = [p for p in loc[: -1 if unknown else None] if not MEMBER.fullmatch(p)]
    parts += loc[-1:] if unknown else []
    key = ".".join(part if part.isprintable() else repr(part) for part in parts) or "the file"
    message = problem["msg"].removeprefix("Value error, ")
    if unknown:
        known = _known_keys(parts[:-1], model)
        hint = suggest(parts[-1], known) if known else "Remove it."
        return f"{file}: {key}: unknown key. {hint}"
    if problem["type"] == "string_pattern_mismatch":
        message = PATTERNS[problem["ctx"]["pattern"]]
    if problem["type"] == "missing":
        return f"{file}: {key}: required, but missing; add it."
    return f"{file}: {key}: found {short(problem['input'])}; {message}."


def _known_keys(parts: list[str], model: Any) -> list[str]:
    """Return the keys that the study file knows at a place, or [] where it is free."""
    for part in parts:
        fields = getattr(model, "model_fields", {})
        model = fields[part].annotation if part in fields else _value_model(model)
        model = model.__args__[0] if isinstance(model, UnionType) else model  # Model | None
    return list(getattr(model, "model_fields", {}))


def _value_model(annotation: Any) -> Any:
    """Return the model of the values in ``dict[str, Model]``, else None."""
    arguments = getattr(annotation, "__args__", ())
    return arguments[-1] if arguments else None


def find_problems(study: Study) -> list[str]:
    """Return what is wrong with a study as a whole, one line each."""
    problems = [*_what_to_do(study), *_names(study)]
    if problems:
        return problems  # what follows needs tasks that exist
    for task in study.all_tasks:
        problems += _space_problems(study, task)
        problems += _misfits(study, task)
    problems += [*_finetuning_problems(study), *_missing_files(study)]
    problems += _family_problems(study)
    return list(dict.fromkeys(problems))


def _what_to_do(study: Study) -> list[str]:
    """Whether there are tasks with what they need, or tables."""
    if not study.all_tasks and not study.tables:
        return [
            f"tasks: found {study.tasks}, and no 'tables' either; name tasks to predict for, or "
            "tables to compare tuners on."
        ]
    needed = ["training"] if study.all_tasks else []
    needed += [
        key
        for key in ("space", "default_configuration")
        if any(getattr(study.architecture(task), key) is None for task in study.all_tasks)
    ]
    return [
        f"{key}: required by a study with tasks, but missing; add it."
        for key in needed
        if getattr(study, key) is None
    ]


def _names(study: Study) -> list[str]:
    """Whether all that is named exists."""
    problems = [
        f"{key}.methods: unknown tuner {method!r}. {suggest(method, list(TUNERS))}"
        for key in ("baselines", "replay")
        for method in getattr(study, key).methods or []
        if method not in TUNERS
    ]
    for where, tasks in (("tasks", study.tasks), ("sources", study.sources)):
        problems += _task_problems(study, where, tasks)
    for name, settings in study.architectures.items():
        problems += _architecture_problems(name, settings)
    for name in study.datasets:
        if name == RESERVED:
            problems.append(f"datasets: {name!r} is a reserved name; choose another.")
        problems += _own_problems(study, name)
        source = study.dataset(name).source or name
        if source not in SOURCES and study.dataset(name).own is None:
            problems.append(
                f"datasets.{name}.source: unknown {source!r}. {suggest(source, list(SOURCES))}"
            )
    problems += [
        f"sweep.by_task: {task!r}: no such task; {suggest(task, study.all_tasks)}"
        for task in study.sweep.by_task
        if task not in study.all_tasks
    ]
    known = sorted({*ARCHITECTURES, *study.architectures})
    problems += [
        f"history.{name}.architecture: unknown {own.architecture!r}. "
        f"{suggest(own.architecture, known)} Leave it out for a network of its own kind."
        for name, own in study.history.items()
        if own.architecture not in (None, *known)
    ]
    return problems


def _architecture_problems(name: str, settings: ArchitectureStudy) -> list[str]:
    """Whether an architecture is built in or, of the user's own, may be in its file."""
    where = f"architectures.{name}"
    if settings.file is None:
        if name not in ARCHITECTURES:
            hint = suggest(name, list(ARCHITECTURES))
            return [f"architectures: unknown {name!r}; name its `file`, or: {hint}"]
        if "build" in settings.model_fields_set:
            return [f"{where}.build: has no meaning without `file`; add it, or remove this."]
        return []
    if name in ARCHITECTURES:
        return [f"{where}.file: {name!r} is a built-in architecture; choose another name."]
    if name == RESERVED:
        return [f"architectures: {name!r} is a reserved name; choose another."]
    try:
        check_file(settings.file, settings.build)
    except ProbecastError as error:
        return [f"{where}.file: {error}"]
    return []


def _own_problems(study: Study, name: str) -> list[str]:
    """Whether a dataset of one's own has keys that are for others."""
    of = study.dataset(name)
    keys = ["source"] if of.own is not None else []
    keys += ["mirror", "download_rows"] if of.own is not None and of.own.hub is None else []
    return [
        f"datasets.{name}.{key}: found {getattr(of, key)!r} beside 'own', which says where the "
        "data are; remove one of the two."
        for key in keys
        if getattr(of, key) is not None
    ]


def _task_problems(study: Study, where: str, tasks: list[str]) -> list[str]:
    problems = []
    for task in tasks:
        if not re.fullmatch(f"{NAME[1:-1]}-{NAME[1:-1]}", task):
            problems.append(
                f"{where}: found {task!r}; a task is named <dataset>-<architecture>, in "
                "lower-case letters, digits and underscores, such as 'digits-cnn'."
            )
            continue
        if RESERVED in (dataset_of(task), architecture_of(task)):
            problems.append(f"{where}: {task!r} uses the reserved name {RESERVED!r}.")
        known = [*ARCHITECTURES, *study.architectures]
        if architecture_of(task) not in known:
            problems.append(
                f"{where}: {task!r}: unknown architecture {architecture_of(task)!r}. "
                f"{suggest(architecture_of(task), known)}"
            )
        dataset = dataset_of(task)
        if dataset not in study.datasets and dataset not in SOURCES:
            problems.append(
                f"{where}: {task!r}: unknown dataset {dataset!r}; name its source under "
                f"'datasets'. {suggest(dataset, [*SOURCES, *study.datasets])}"
            )
    for task in {task for task in tasks if tasks.count(task) > 1}:
        problems.append(f"{where}: {task!r} is listed twice; once is enough.")
    return problems


def _space_problems(study: Study, task: str) -> list[str]:
    problems = [*_unusable(study, task), *_unread(study, task)] or _size_problems(study, task)
    if problems:
        return problems
    try:
        study.default_of(task)
    except ProbecastError as error:
        return [f"{_where(study, task, 'default_configuration')}: {error}"]
    return []


def _where(study: Study, task: str, key: str) -> str:
    """Return the whole key of what the study file may say by architecture."""
    own = getattr(study.architecture(task), key) is not None
    return f"architectures.{architecture_of(task)}.{key}" if own else key


def _unusable(study: Study, task: str) -> Iterable[str]:
    """Which hyperparameters of a task's space cannot be stored or trained with."""
    where = _where(study, task, "space")
    for name, hyperparameter in study.space_of(task).root.items():
        if name in (*IDENTITY, *MEASURED):
            yield f"{where}: {name!r} is a column of every trial table; choose another name."
        for level in hyperparameter.levels:
            if problem := problem_with(name, level, is_own(study.network_of(task))):
                yield f"{where}.{name}: {problem}."


def _unread(study: Study, task: str) -> Iterable[str]:
    """Which hyperparameters a task's space has and nothing reads, or lacks."""
    where, names = _where(study, task, "space"), study.space_of(task).names
    architecture = architecture_of(task)
    own = is_own(study.network_of(task))  # what it reads is not known before it has been built
    module = {} if own else constants(architecture)
    needed = [*REQUIRED, *sorted(module.get("HYPERPARAMETERS", ()))]
    if "HYPERPARAMETERS" in module:
        known = [*needed, *OPTIONAL]
        for name in names:
            if name not in known:
                yield (
                    f"{where}.{name}: nothing in the training of {architecture!r} reads a "
                    f"hyperparameter of this name. {suggest(name, known)}"
                )
    missing = [name for name in needed if name not in {*names, *module.get("DEFAULTS", ())}]
    if missing:
        yield (
            f"{where}: lacks {', '.join(missing)}, which the training of {architecture!r} needs; "
            "add it (what is not to be tuned has one choice)."
        )


def _size_problems(study: Study, task: str) -> list[str]:
    """Whether a task's sweep can have as many configurations as it should."""
    size, (key, count) = study.space_of(task).size, study.asked_size(task)
    if count == "all" and size is None:
        return [
            f"{key}: found 'all' for {task!r}, but its space has ranges and so no complete grid; "
            "give a number, or leave it out."
        ]
    if count == "all" and size > LARGEST_GRID:
        return [
            f"{key}: found 'all' for {task!r}, but its space has {size} configurations; give a "
            "number, which are then drawn from it, or leave it out."
        ]
    if count not in ("all", None) and size is not None and count > size:
        return [
            f"{key}: found {count} for {task!r}, but its space has only {size} configurations; "
            "lower the number or write 'all'."
        ]
    return []


def _misfits(study: Study, task: str) -> Iterable[str]:
    """Whether a task's architecture takes its dataset; the user's own network may take any."""
    architecture, dataset = architecture_of(task), dataset_of(task)
    if is_own(study.network_of(task)):
        return
    modality = study.source_of(dataset).modality
    fit = fitting(*KINDS[modality], study.dataset(dataset).pretrained is not None)
    if architecture in fit:
        return
    if architecture in fitting(*KINDS[modality], pretrained=True):
        yield needs_pretrained(architecture, dataset)
        return
    where = "tasks" if task in study.tasks else "sources"
    yield (
        f"{where}: found {task!r}, but {architecture!r} cannot take {dataset!r}, whose modality "
        f"is {modality}; use one of: {', '.join(f'{dataset}-{name}' for name in fit)}."
    )


def _family_problems(study: Study) -> Iterable[str]:
    """Histories said to be of a family that is none, but has a dataset's name."""
    for name, own in study.history.items():
        family = own.family
        known = family in study.datasets or family in SOURCES
        if known and study.family(family) != family:
            yield (
                f"history.{name}.family: found {family!r}, a dataset of the family "
                f"{study.family(family)!r}; write that."
            )


def _missing_files(study: Study) -> Iterable[str]:
    """What is not there; Snakemake would be content with what it has read before."""
    tables = study.sweep.tables
    if tables is not None and not os.path.isdir(tables):  # noqa: PTH112
        yield f"sweep.tables: {tables} is no folder; correct it, or leave it out."
    elif tables is not None and BRACES & set(tables):
        yield (f"sweep.tables: {tables}: Snakemake takes braces for wildcards; rename the folder.")
    for name, own in study.history.items():
        # Unlike Path.is_file, this does not raise for a name that is too long.
        if own.file is not None and not os.path.isfile(own.file):  # noqa: PTH113
            remedy = "correct it, or remove the history"
            yield f"history.{name}.path: {own.file} does not exist; {remedy}."


def _finetuning_problems(study: Study) -> Iterable[str]:
    """Whether what is compared fits together."""
    compared = study.finetuning
    if compared is None:
        return
    unfit = [
        task
        for task in compared.tasks
        if task not in study.tasks or architecture_of(task) not in NEED_PRETRAINED
    ]
    for task in unfit:
        yield (
            f"finetuning.tasks: found {task!r}; name only tasks of the study with architecture "
            f"{' or '.join(sorted(NEED_PRETRAINED))}. {suggest(task, study.tasks)}"
        )
    if unfit:
        return
    first, *others = compared.datasets
    ours = study.dataset(first).pretrained
    for other in others:
        if (theirs := study.dataset(other).pretrained) != ours:
            yield (
                f"datasets.{other}.pretrained: found {theirs!r}, but {first!r} has {ours!r}; a "
                "model of one is evaluated on the other, so give both the same."
            )
    known = "name only the tasks compared and, below each, their datasets"
    for task, of in compared.record.items():
        if task not in compared.tasks or not of.keys() <= set(compared.datasets):
            yield f"finetuning.record.{task}: found {sorted(of)}; {known}."
    yield from _learnt_in_advance(study, {study.family(name) for name in compared.datasets})


def _learnt_in_advance(study: Study, families: set[str]) -> Iterable[str]:
    """What would be learnt from and is, or may be, of ``families``, which are held out."""
    held_out = f"held out is all of {' and '.join(sorted(families))} (see 'finetuning')"
    for task in study.sources:
        if study.family(dataset_of(task)) in families:
            yield f"sources: {task!r} is of a family on which models are evaluated; {held_out}."
    for name, own in study.history.items():
        if own.family is None or own.family in families:
            yield f"history.{name}.family: found {own.family!r}; {held_out}, so name another."
    if study.shipped or (study.shipped is None and not study.sources):
        yield (
            f"shipped: the tables that come with the project would be learnt from; {held_out}, so "
            "name 'sources' (and 'sweep.tables'), and leave 'shipped' out."
        )
