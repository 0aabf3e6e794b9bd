"""The study file's JSON schema and its reference page, both made from ``study.Study``.

``python -m probecast.study.docs`` rewrites them; a test holds them up to date.
"""

import inspect
import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from probecast.files import write_text
from probecast.space import Choice, Range
from probecast.study.model import Study

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "workflow" / "schemas" / "study.schema.json"
PAGE = ROOT / "docs" / "study-file.md"

INTRODUCTION = """\
# The study file

One YAML file says which tasks, which search space, which budgets. `config.yaml` is the
default; `snakemake --configfile my_study.yaml` takes another, which stands alone (it is
not merged into the default). Unknown keys are errors. Snakemake reads the file first, and runs
what is in one that says `__use_yte__`: look for that word in a stranger's.

This page is made from the code by `python -m probecast.study.docs`; the same as a JSON schema, for
editors, is `workflow/schemas/study.schema.json`.
"""


def schema() -> str:
    """Return the study file's JSON schema, as text."""
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "probecast study"}
    return json.dumps({**Study.model_json_schema(), **title}, indent=2) + "\n"


def page() -> str:
    """Return the reference page, in Markdown: one table per part of the study file."""
    parts = [INTRODUCTION, _section("The file", Study), *_parts("", Study)]
    parts.append(_section("`space.<hyperparameter>`: a list of choices", Choice))
    parts.append(_section("`space.<hyperparameter>`: a range", Range))
    return "\n".join(parts)


def _parts(prefix: str, parent: type[BaseModel]) -> list[str]:
    """Return a section for every model below ``parent``; a search space has its own at the end."""
    parts = []
    for name, field in parent.model_fields.items():
        model = _model(field.annotation)
        if model is not None and "root" not in model.model_fields:
            key = f"{prefix}{name}.<name>" if _is_mapping(field.annotation) else f"{prefix}{name}"
            parts += [_section(f"`{key}`", model), *_parts(f"{key}.", model)]
    return parts


def _section(title: str, model: type[BaseModel]) -> str:
    summary = inspect.cleandoc(model.__doc__ or "").partition("Attributes:")[0]
    described = {}
    for parent in reversed(model.__mro__):
        attributes = inspect.cleandoc(parent.__doc__ or "").partition("Attributes:")[2]
        described |= re.findall(r"^ +(\w+): ((?:.|\n(?! +\w+: ))+)", attributes, re.MULTILINE)
    header = ["| key | default | meaning |", "|---|---|---|"]
    lines = [f"## {title}", "", summary.strip(), "", *header]
    for name, field in model.model_fields.items():
        meaning = " ".join(described[name].replace("``", "`").split()).replace("|", r"\|")
        lines.append(f"| `{name}` | {_default(field)} | {meaning} |")
    return "\n".join([*lines, ""])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default: Any = field.default
    return "see below" if isinstance(default, BaseModel) else f"`{json.dumps(default)}`"


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a key or the values of a mapping hold, if they hold one."""
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    models = [c for c in candidates if inspect.isclass(c) and issubclass(c, BaseModel)]
    return models[-1] if models else None


def _is_mapping(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is dict


if __name__ == "__main__":
    write_text(SCHEMA, schema())
    write_text(PAGE, page())
