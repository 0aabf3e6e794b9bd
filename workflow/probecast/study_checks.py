"""What can be wrong with a study file, said so that it can be mended."""

import re
from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from probecast.data.sources import SOURCES
from probecast.errors import ProbecastError, suggest
from probecast.networks import ARCHITECTURES, NEED_PRETRAINED, needs_pretrained
from probecast.space import NAME
from probecast.task import architecture_of, dataset_of
from probecast.tuners import TUNERS

if TYPE_CHECKING:
    from probecast.study import Study

RESERVED = "all"


def explain(problem: Mapping[str, Any], file: str, model: type[BaseModel]) -> str:
    """Turn one pydantic error into a line with file, key, value and remedy.

    Args:
        problem: an entry of ``ValidationError.errors()``.
        file: the file's name.
        model: what the whole file was checked against.
    """
    # Pydantic puts the names of union members into the location; a user knows only keys.
    members = {"Choice", "Range", "constrained-int", "constrained-str"}
    parts = [str(p) for p in problem["loc"] if str(p) not in members and "[" not in str(p)]
    key = ".".join(parts) or "the file"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        known = _known_keys(parts[:-1], model)
        hint = suggest(parts[-1], known) if known else "Remove it."
        return f"{file}: {key}: unknown key. {hint}"
    if problem["type"] == "missing":
        return f"{file}: {key}: required, but missing; add it."
    return f"{file}: {key}: found {problem['input']!r}; {message}."


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


def find_problems(study: "Study") -> list[str]:
    """Return what is wrong with a study as a whole, one line each."""
    problems = [*_what_to_do(study), *_names(study)]
    if problems:
        return problems  # what follows needs tasks that exist
    for task in study.all_tasks:
        problems += _space_problems(study, task)
        architecture, dataset = architecture_of(task), dataset_of(task)
        if architecture in NEED_PRETRAINED and study.dataset(dataset).pretrained is None:
            problems.append(needs_pretrained(architecture, dataset))
    return list(dict.fromkeys(problems))


def _what_to_do(study: "Study") -> list[str]:
    """Whether there are tasks with what they need, or tables."""
    if not study.all_tasks and not study.tables:
        return [
            f"tasks: found {study.tasks}, and no 'tables' either; name tasks to predict for, or "
            "tables to compare tuners on."
        ]
    return [
        f"{key}: required by a study with tasks, but missing; add it."
        for key in ("space", "default_configuration", "training")
        if study.all_tasks and getattr(study, key) is None
    ]


def _names(study: "Study") -> list[str]:
    """Whether all that is named exists."""
    problems = [
        f"{key}.methods: unknown tuner {method!r}. {suggest(method, list(TUNERS))}"
        for key in ("baselines", "replay")
        for method in getattr(study, key).methods or []
        if method not in TUNERS
    ]
    for where, tasks in (("tasks", study.tasks), ("sources", study.sources)):
        problems += _task_problems(study, where, tasks)
    problems += [
        f"architectures: unknown {name!r}. {suggest(name, list(ARCHITECTURES))}"
        for name in study.architectures
        if name not in ARCHITECTURES
    ]
    for name in study.datasets:
        if name == RESERVED:
            problems.append(f"datasets: {name!r} is a reserved name; choose another.")
        source = study.source_of(name)
        if source not in SOURCES:
            problems.append(
                f"datasets.{name}.source: unknown {source!r}. {suggest(source, list(SOURCES))}"
            )
    problems += [
        f"sweep.by_task: {task!r}: no such task; {suggest(task, study.all_tasks)}"
        for task in study.sweep.by_task
        if task not in study.all_tasks
    ]
    return problems


def _task_problems(study: "Study", where: str, tasks: list[str]) -> list[str]:
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
        if architecture_of(task) not in ARCHITECTURES:
            problems.append(
                f"{where}: {task!r}: unknown architecture {architecture_of(task)!r}. "
                f"{suggest(architecture_of(task), list(ARCHITECTURES))}"
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


def _space_problems(study: "Study", task: str) -> list[str]:
    space, count = study.space_of(task), study.sample_size(task)
    size = space.size
    if count == "all" and size is None:
        return [
            f"sweep: found 'all' configurations for {task!r}, but its space has ranges and so "
            "no complete grid; give a number."
        ]
    if count != "all" and size is not None and count > size:
        return [
            f"sweep: found {count} configurations for {task!r}, but its space has only {size}; "
            "lower the number or write 'all'."
        ]
    try:
        study.default_of(task)
    except ProbecastError as error:
        return [f"default_configuration: {error}"]
    return []
