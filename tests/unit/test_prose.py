"""Every page that is written by hand keeps to short sentences."""

import re
from pathlib import Path
from statistics import mean

import pytest

from docs.generate import MADE

ROOT = Path(__file__).parents[2]
WRITTEN = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if f"docs/{page.name}" not in MADE),
]
MEAN, LONGEST = 18, 30  # words of a sentence

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
CODE_BLOCK = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
HEADING_OR_TABLE = re.compile(r"^ *[#|].*$", re.MULTILINE)
CODE = re.compile(r"`[^`]*`")
LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
ITEM = r"\s*(?:[-*]|\d+\.) "  # of a list
BLOCK_ENDS = re.compile(rf"\n\s*\n|\n(?={ITEM})")
SENTENCE_ENDS = re.compile(r"(?<=[.!?:])[\"”)*]*\s+(?=[\"(*_\[]*[A-Z0-9])")


def sentences(page: str) -> list[str]:
    """Return a page's sentences; inline code counts as one word, a link as its text."""
    for left_out in (COMMENT, CODE_BLOCK, HEADING_OR_TABLE):
        page = left_out.sub("\n\n", page)
    page = LINK.sub(r"\1", CODE.sub("X", page))
    blocks = (re.sub(f"^{ITEM}", "", block) for block in BLOCK_ENDS.split(page))
    found = (part for block in blocks for part in SENTENCE_ENDS.split(" ".join(block.split())))
    return [sentence for sentence in found if words(sentence)]


def words(sentence: str) -> int:
    return sum(bool(re.search(r"\w", word)) for word in sentence.split())


PAGE = """# Title

<!-- Not this. -->
Run `make all` first. **Then**
[read on](b.md): see

- one 0.5 x
- two. (Or 3.)

| a table |
|---|

```bash
not. This.
```
"""


def test_sentences_are_told_apart():
    found = ["Run X first.", "**Then** read on: see", "one 0.5 x", "two.", "(Or 3.)"]
    assert sentences(PAGE) == found
    assert words("Three – words, X.") == 3


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_sentences_are_short(page):
    found = sentences(page.read_text())
    assert not [sentence for sentence in found if words(sentence) > LONGEST]
    assert mean(map(words, found)) <= MEAN
