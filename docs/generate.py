"""The pages of reference and the study file's JSON schema, made from the models in the code.

``make schema`` rewrites them; a test holds them up to date.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from probecast.evaluation.headline import Headline
from probecast.learner.recommendation import Recommendation
from probecast.space import Choice, Range
from probecast.study.model import Study
from probecast.trials import Identity, Measured, TaskInfo

ROOT = Path(__file__).parents[1]

STUDY_INTRODUCTION = """\
# The study file

One YAML file says which tasks, which search space, which budgets. `config.yaml` is the
default; `snakemake --configfile my_study.yaml` takes another, which stands alone (it is
not merged into the default). Unknown keys are errors. Snakemake reads the file first, and runs
what is in one that says `__use_yte__`: look for that word in a stranger's.

This page is made from the code by `make schema`; the same as a JSON schema, for
editors, is `workflow/schemas/study.schema.json`.
"""

FILES_INTRODUCTION = """\
# What is written: trial table, recommendation, headline

Three formats carry what is found. Every column and key is described here; writers and readers
use the same models, and a file that does not fit is refused by name. Where the files lie:
[results](../results/README.md).

What may be missing is `null` in JSON, and a cell without a value in a table. Metrics are in
natural units: whether more or less is better stands in a table's metadata. Times are
core-seconds.

This page is made from the code by `make schema`.
"""

WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}

Cells = Mapping[str, Callable[[FieldInfo], str]]
"""The columns between a key and its meaning: their titles, and what a field has in them."""


def schema() -> str:
    """Return the study file's JSON schema, as text."""
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "probecast study"}
    return json.dumps({**Study.model_json_schema(), **title}, indent=2) + "\n"


def study_page() -> str:
    """Return the reference of the study file, in Markdown: one table per part."""
    cells = {"default": _default}
    parts = [
        ("The file", Study),
        *((f"`{key}`", model) for key, model in _below("", Study)),
        ("`space.<hyperparameter>`: a list of choices", Choice),
        ("`space.<hyperparameter>`: a range", Range),
    ]
    return "\n".join([STUDY_INTRODUCTION, *(_section(*part, cells) for part in parts)])


def files_page() -> str:
    """Return the reference of what is written, in Markdown: one table per part of a file."""
    cells = {"type": lambda field: _type(field.annotation), "may be missing": _missing}
    keys: dict[type, list[str]] = {}
    for key, model in _below("", Recommendation):
        keys.setdefault(model, []).append(f"`{key}`")
    parts = [
        ("Trial table: the trial", Identity),
        ("Trial table: the epoch", Measured),
        ("Trial table: metadata", TaskInfo),
        ("Recommendation", Recommendation),
        *((f"Recommendation: {', '.join(names)}", model) for model, names in keys.items()),
        ("Headline", Headline),
    ]
    return "\n".join([FILES_INTRODUCTION, *(_section(*part, cells) for part in parts)])


def _below(prefix: str, parent: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield every model below ``parent`` by its key; a search space has sections of its own."""
    for name, field in parent.model_fields.items():
        model = _model(field.annotation)
        if model is not None and "root" not in model.model_fields:
            inside = {dict: ".<name>", list: "[]"}.get(get_origin(field.annotation), "")
            key = f"{prefix}{name}{inside}"
            yield key, model
            yield from _below(f"{key}.", model)


def _section(title: str, kind: type, cells: Cells) -> str:
    """Return a table of what a model, a data class or a typed dict holds."""
    summary = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:")[0]
    described = {}
    for parent in reversed(kind.__mro__):
        attributes = inspect.cleandoc(parent.__doc__ or "").partition("Attributes:")[2]
        described |= re.findall(r"^ +(\w+): ((?:.|\n(?! +\w+: ))+)", attributes, re.MULTILINE)
    rows = []
    for name, field in _fields(kind).items():
        meaning = " ".join(described[name].split()).replace("|", r"\|")
        rows.append([f"`{name}`", *(cell(field) for cell in cells.values()), _spelt(meaning)])
    header = [f"| {' | '.join(['key', *cells, 'meaning'])} |", "|---" * (2 + len(cells)) + "|"]
    table = [*header, *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([f"## {title}", "", _spelt(summary.strip()), "", *table, ""])


def _spelt(text: str) -> str:
    return text.replace("``", "`")


def _fields(kind: type) -> dict[str, FieldInfo]:
    if issubclass(kind, BaseModel):
        return kind.model_fields
    hints = get_type_hints(kind, include_extras=True).items()
    return {n: FieldInfo.from_annotation(h) for n, h in hints if get_origin(h) is not ClassVar}


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default: Any = field.default
    return "see below" if isinstance(default, BaseModel) else f"`{json.dumps(default)}`"


def _missing(field: FieldInfo) -> str:
    return "yes" if NoneType in get_args(field.annotation) else ""


def _type(annotation: Any) -> str:
    """Spell a type; what has a section of its own is described there."""
    arguments = [each for each in get_args(annotation) if each is not NoneType]
    if _model(annotation):
        return "list, see below" if get_origin(annotation) is list else "see below"
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if get_origin(annotation) is list:
        return f"list of {_type(arguments[0])}s"
    if get_origin(annotation) is dict:
        return "mapping"
    return WORDS.get(annotation) or _type(arguments[0])


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a key or the values of a mapping hold, if they hold one."""
    candidates = [annotation, *get_args(annotation)]
    models = [c for c in candidates if inspect.isclass(c) and issubclass(c, BaseModel)]
    return models[-1] if models else None


MADE = {
    "workflow/schemas/study.schema.json": schema,
    "docs/study-file.md": study_page,
    "docs/files.md": files_page,
}

if __name__ == "__main__":
    for place, make in MADE.items():
        (ROOT / place).write_text(make(), encoding="utf-8")
