"""A hash of the library code that a stage uses, so that a change reruns just that stage.

Snakemake watches a script's own text but not the modules that it imports (``imported_by``); a
rule that has this hash of them among its params is rerun when any of them changes.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


@cache
def code_hash(*modules: str, files: tuple[str, ...] = ()) -> str:
    """Return a hash over the source of ``modules`` and all they import from this package.

    Imports anywhere in a file count, also inside functions. What is loaded by name at
    run time (a registered dataset, architecture or tuner) must be named by the caller.

    Args:
        modules: dotted names such as ``"probecast.training.sweep"``.
        files: further files whose contents count.
    """
    digest = hashlib.sha256()
    for module in sorted(_closure(modules)):
        digest.update(module.encode() + b"\0" + _file(module).read_bytes() + b"\0")
    for file in files:
        digest.update(Path(file).read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _closure(modules: tuple[str, ...]) -> set[str]:
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += imported_by(_file(module))
    return seen


@cache
def imported_by(path: Path) -> frozenset[str]:
    """Return the modules of this package that a Python file imports directly."""
    found = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # "from package import name" may mean a module or something in the package.
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(
        name for name in found if name.startswith("probecast.") and _file(name).exists()
    )


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements below a node; expressions, which are most of it, hold no import."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield child
            yield from _statements(child)


def _file(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
