"""Imports of the library go one way: up the rooms that its docstring lists."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import probecast
from probecast.code_hash import imported_by

LIBRARY = Path(probecast.__file__).parent
SCRIPTS = sorted(LIBRARY.parent.glob("scripts/*.py"))
LISTED = re.findall(r"^    (\w[\w,\s]*?): ", probecast.__doc__, re.MULTILINE)
FLOOR = {name: floor for floor, names in enumerate(LISTED) for name in re.findall(r"\w+", names)}


def dotted(path):
    """The name of a module, as others import it."""
    parts = path.relative_to(LIBRARY.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for path in sorted(LIBRARY.rglob("*.py"))}
IMPORTS = {name: imported_by(path) - {name} for name, path in MODULES.items()}


def room(module):
    return module.split(".")[1]


def climbs(imports):
    """The imports that run up, as pairs of who imports and what."""
    return [
        (module, imported)
        for module in imports
        for imported in sorted(imports[module])
        if module != "probecast" and FLOOR[room(imported)] > FLOOR[room(module)]
    ]


def named_imports(path):
    """What a file imports, by the first part of its name; relative imports are empty."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "" if node.level else node.module.split(".")[0]


def test_every_room_is_listed_and_every_listed_one_is_there():
    there = {room(name) for name in MODULES if name != "probecast"}
    assert set(FLOOR) == there, "list it in the docstring of probecast/__init__.py"


def test_no_import_runs_up():
    assert climbs(IMPORTS) == []


def test_no_modules_import_each_other_in_a_circle():
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_the_search_finds_lazy_imports_and_those_for_types(tmp_path):
    file = tmp_path / "file.py"
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from probecast.study.model import Study\n"
        "def later():\n    from probecast.report import page\n"
    )
    found = {"probecast.data.spec": imported_by(file)}
    assert climbs(found) == [
        *(("probecast.data.spec", to) for to in ("probecast.report", "probecast.report.page")),
        ("probecast.data.spec", "probecast.study.model"),
    ]


def test_the_library_never_imports_snakemake_and_names_modules_in_full():
    for name, path in MODULES.items():
        assert {"snakemake", ""}.isdisjoint(named_imports(path)), name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_never_import_each_other(path):
    others = {script.stem for script in SCRIPTS} | {"scripts", "workflow", ""}
    assert others.isdisjoint(named_imports(path))
