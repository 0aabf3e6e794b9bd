"""Which library is this code from? Six classes of real Python functions.

Functions of installed libraries without their docstrings, the libraries' names masked, read from
the source files and never imported. It shares no text with ``docs_topic`` or ``docs_kind``, which
read docstrings of other libraries. Schema of the Hub's ``fancyzhx/ag_news``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from probecast.data.sources import Source, Splits
from probecast.data.sources.docstrings import Docstring, Split, corpus, parsed, round_robin, walk
from probecast.data.sources.generated import Example

LIBRARIES = {  # name to show -> package to read; all come with what a study needs
    "sympy": "sympy",
    "mpmath": "mpmath",
    "networkx": "networkx",
    "fonttools": "fontTools",
    "narwhals": "narwhals",
    "pydantic": "pydantic",
}
MINIMUM = 150  # characters
MASK = "library"
# Whole words that contain a library's name, and the aliases it is imported under.
GIVEAWAYS = re.compile(
    r"\w*(?:sympy|mpmath|networkx|fonttools|ttlib|narwhals|pydantic)\w*|\b(?:nx|nw|mp)\b",
    re.IGNORECASE,
)


def read_functions(path: Path) -> list[Docstring]:
    """Return the code of a file's functions and methods, each on one line, without docstring.

    A file in another Python version's syntax has none.
    """
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            code = " ".join(" ".join(map(ast.unparse, body)).split())
            found.append(Docstring("function", GIVEAWAYS.sub(MASK, code)))
    return found


def of_library(
    label: int, package: str, split: Split, seed: int, seen: set[str]
) -> Iterator[Example]:
    """Yield (code, label) of one library."""
    for item in walk(package, split, seed, MINIMUM, seen, read_functions):
        yield item.text, label


def generate(rows: dict[str, int], seed: int) -> Splits:
    """Return ``text`` and ``label``, the classes as equal in size as the libraries allow."""

    def examples(split: Split, seen: set[str]) -> Iterator[Example]:
        packages = enumerate(LIBRARIES.values())
        return round_robin([of_library(label, of, split, seed, seen) for label, of in packages])

    return corpus("code_library", list(LIBRARIES), examples, rows, seed)


SOURCE = Source(
    "code_library", "code_library", "text", "accuracy", "text", "label", generate=generate
)
