"""Docstrings of installed packages as a text corpus, read without importing any of them.

Importing a package's modules would run them, so the source files are parsed with ``ast``.
Which texts come out depends on the packages' versions and the seed, on nothing else.
"""

import ast
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from probecast.data.sources import Splits
from probecast.data.sources.generated import Example, labelled
from probecast.errors import ProbecastError
from probecast.seeds import derive

PER_FILE = 5  # texts of a kind taken from one file: no long file stands for its package
TEST_SHARE = 3  # one file in three is for testing
KEY_LETTERS = 40  # texts that open or end with the same letters count as the same text
VENDORED = {"externals", "array_api_compat", "array_api_extra", "_vendor"}  # others' code

Kind = Literal["module", "class", "function"]
Split = Literal["train", "test"]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Docstring:
    """One docstring: what it documents (a method is a function), its text on one line."""

    kind: Kind
    text: str


def source_files(package: str) -> dict[str, Path]:
    """Map the names of a package's Python files (paths inside it, sorted) to their paths.

    Tests and vendored copies of other packages are left out.

    Raises:
        ProbecastError: the package is not installed.
    """
    spec = find_spec(package)  # finds a top-level package without importing it
    if spec is None or not spec.submodule_search_locations:
        raise ProbecastError(
            f"package {package!r} is not installed, but its docstrings are part of this "
            f"dataset; install it (pip install {package}) or choose another dataset."
        )
    root = Path(spec.submodule_search_locations[0])
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))
    skipped = {"test", "tests"} | VENDORED
    return {name: root / name for name in names if skipped.isdisjoint(name.split("/"))}


def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree, an empty one if it is in another Python version's syntax."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # others' invalid escape sequences
            return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def read_docstrings(path: Path) -> list[Docstring]:
    """Return the docstrings of one file: its own, its classes', functions' and methods'.

    A file in another Python version's syntax has none.
    """
    tree = parsed(path)
    found = []

    def visit(node: ast.Module | ast.ClassDef | ast.FunctionDef, kind: Kind) -> None:
        if text := ast.get_docstring(node):
            found.append(Docstring(kind, " ".join(text.split())))
        for child in node.body:
            if isinstance(child, ast.ClassDef):
                visit(child, "class")
            elif isinstance(child, ast.FunctionDef) and kind != "function":
                visit(child, "function")

    visit(tree, "module")
    return found


def duplicate_keys(text: str) -> set[str]:
    """Return how a text opens and how it ends: near-identical texts share one or the other."""
    letters = re.sub(r"[^a-z]", "", text.lower())
    return {f"{letters[:KEY_LETTERS]}...", f"...{letters[-KEY_LETTERS:]}"}


def walk(
    package: str,
    split: Split,
    seed: int,
    minimum: int,
    seen: set[str],
    read: Callable[[Path], list[Docstring]] = read_docstrings,
) -> Iterator[Docstring]:
    """Yield one split of a package's texts, of ``minimum`` characters or more.

    By default they are docstrings; ``read`` finds others in a file.

    The seed decides split and order. Neighbours in a file resemble each other, so a file belongs
    to one split only. Files are parsed as they are needed. ``seen`` holds the keys of the texts
    taken so far: a text that has one of them is skipped; the keys of those yielded are added.
    """
    files = {
        name: path
        for name, path in source_files(package).items()
        if (derive(seed, "split", package, name) % TEST_SHARE == 0) == (split == "test")
    }
    for name in shuffled(list(files), derive(seed, "files", package)):
        taken: Counter[Kind] = Counter()
        for item in shuffled(read(files[name]), derive(seed, "texts", package, name)):
            if len(item.text) < minimum or taken[item.kind] == PER_FILE:
                continue
            keys = duplicate_keys(item.text)
            if seen.isdisjoint(keys):
                seen |= keys
                taken[item.kind] += 1
                yield item


def corpus(
    name: str,
    classes: list[str],
    examples: Callable[[Split, set[str]], Iterator[Example]],
    rows: dict[str, int],
    seed: int,
) -> Splits:
    """Return the splits of source ``name``: as many rows as asked for, or as there are.

    Test texts are drawn first; a training text that opens or ends like one of them is left out:
    ``examples(split, seen)`` is given the keys of those before.
    """
    seen: set[str] = set()
    splits = {}
    for split in ("test", "train"):
        chosen = list(islice(examples(split, seen), rows[split]))
        splits[split] = shuffled(chosen, derive(seed, name, split))
    return labelled({split: splits[split] for split in ("train", "test")}, "text", classes)


def shuffled(items: list[Item], seed: int) -> list[Item]:
    """Return ``items`` in the order given by ``seed``."""
    return [items[i] for i in np.random.default_rng(seed).permutation(len(items))]


def round_robin(streams: list[Iterator[Item]]) -> Iterator[Item]:
    """Yield from each stream in turn; a stream that has run dry drops out."""
    while streams:
        alive = []
        for stream in streams:
            for item in stream:
                yield item
                alive.append(stream)
                break
        streams = alive
