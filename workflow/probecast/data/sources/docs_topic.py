"""Which library does a docstring belong to? Six classes of real English technical prose.

A stand-in for AG News that needs no download: docstrings of six installed libraries,
their names masked. Schema of the Hub's ``fancyzhx/ag_news``. It shares no text with
``docs_kind``, which reads other libraries.
"""

import re
from collections.abc import Iterator

from probecast.data.sources import Source, Splits
from probecast.data.sources.docstrings import Split, corpus, round_robin, walk
from probecast.data.sources.generated import Example

LIBRARIES = {  # name to show -> package to read
    "numpy": "numpy",
    "pandas": "pandas",
    "scikit-learn": "sklearn",
    "matplotlib": "matplotlib",
    "scipy": "scipy",
    "torch": "torch",
}
MINIMUM = 120  # characters
MASK = "LIBRARY"
# Whole words that contain a library's name, and the aliases it is imported under.
GIVEAWAYS = re.compile(
    r"\w*(?:numpy|pandas|sklearn|scikit(?:-learn)?|matplotlib|pyplot|pylab|scipy|torch)\w*"
    r"|\b(?:np|npt|pd|plt|mpl\w*|sp|nn|aten)\b",
    re.IGNORECASE,
)


def mask(text: str) -> str:
    """Replace whatever names a library by one neutral word."""
    return GIVEAWAYS.sub(MASK, text)


def masked(label: int, package: str, split: Split, seed: int, seen: set[str]) -> Iterator[Example]:
    """Yield (masked text, label) of one library."""
    for item in walk(package, split, seed, MINIMUM, seen):
        yield mask(item.text), label


def generate(rows: dict[str, int], seed: int) -> Splits:
    """Return ``text`` and ``label``, the classes as equal in size as the libraries allow.

    Beyond about 1,700 training and 1,100 test rows the smaller libraries run dry.
    """

    def examples(split: Split, seen: set[str]) -> Iterator[Example]:
        packages = enumerate(LIBRARIES.values())
        return round_robin([masked(label, of, split, seed, seen) for label, of in packages])

    return corpus("docs_topic", list(LIBRARIES), examples, rows, seed)


SOURCE = Source("docs_topic", "docs_topic", "text", "accuracy", "text", "label", generate=generate)
