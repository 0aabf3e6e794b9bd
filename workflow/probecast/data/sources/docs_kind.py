"""Does a docstring document a class or a function? Two classes of longer technical prose.

A stand-in for IMDb that needs no download: docstrings of at least 300 characters from five
installed libraries, each giving as many classes as functions, so that the library says
nothing about the label. Schema of the Hub's ``stanfordnlp/imdb``. It shares no text with
``docs_topic``, which reads other libraries; both are technical prose all the same.
"""

from collections import deque
from collections.abc import Iterator
from itertools import chain

from probecast.data.sources import Source, Splits
from probecast.data.sources.docstrings import Split, corpus, round_robin, walk
from probecast.data.sources.generated import Example

PACKAGES = ("datasets", "fsspec", "huggingface_hub", "torchaudio", "transformers")
LABELS = ("class", "function")  # a method counts as a function
MINIMUM = 300  # characters


def pairs(package: str, split: Split, seed: int, seen: set[str]) -> Iterator[tuple[Example, ...]]:
    """Yield one class text and one function text at a time, each with its label."""
    waiting: dict[str, deque[str]] = {label: deque() for label in LABELS}
    for item in walk(package, split, seed, MINIMUM, seen):
        if item.kind in waiting:
            waiting[item.kind].append(item.text)
        if all(waiting.values()):
            yield tuple((waiting[name].popleft(), label) for label, name in enumerate(LABELS))


def generate(rows: dict[str, int], seed: int) -> Splits:
    """Return ``text`` and ``label``, both classes equal in size within every library.

    There are about 1,100 training and 850 test rows; asking for more returns those.
    """

    def examples(split: Split, seen: set[str]) -> Iterator[Example]:
        streams = [pairs(package, split, seed, seen) for package in PACKAGES]
        return chain.from_iterable(round_robin(streams))

    return corpus("docs_kind", list(LABELS), examples, rows, seed)


SOURCE = Source("docs_kind", "docs_kind", "text", "accuracy", "text", "label", generate=generate)
