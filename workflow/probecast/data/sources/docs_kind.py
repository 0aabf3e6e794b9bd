"""Does a docstring document a class or a function? Two classes of longer technical prose.

A stand-in for IMDb that needs no download: docstrings of at least 300 characters from five
installed libraries, each giving as many classes as functions, so that the library says
nothing about the label. Schema of the Hub's ``stanfordnlp/imdb``. It shares no text with
``docs_topic``, which reads other libraries; both are technical prose all the same.
"""

from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal

from probecast.data.sources import Source
from probecast.data.sources.docstrings import round_robin, shuffled, walk
from probecast.seeds import derive

if TYPE_CHECKING:
    from datasets import DatasetDict

PACKAGES = ("datasets", "fsspec", "huggingface_hub", "torchaudio", "transformers")
LABELS = ("class", "function")  # a method counts as a function
MINIMUM = 300  # characters


def pairs(
    package: str, split: Literal["train", "test"], seed: int, seen: set[str]
) -> Iterator[tuple[tuple[str, int], ...]]:
    """Yield one class text and one function text at a time, each with its label."""
    waiting: dict[str, deque[str]] = {label: deque() for label in LABELS}
    for item in walk(package, split, seed, MINIMUM, seen):
        if item.kind in waiting:
            waiting[item.kind].append(item.text)
        if all(waiting.values()):
            yield tuple((waiting[name].popleft(), label) for label, name in enumerate(LABELS))


def generate(rows: dict[str, int], seed: int) -> "DatasetDict":
    """Return ``text`` and ``label``, both classes equal in size within every library.

    There are about 1,100 training and 850 test rows; asking for more returns those.
    Test texts are drawn first; a training text that opens or ends like one of them is left out.
    """
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=list(LABELS))})
    seen: set[str] = set()
    splits = {}
    for split in ("test", "train"):
        streams = [pairs(package, split, seed, seen) for package in PACKAGES]
        examples = list(islice(chain.from_iterable(round_robin(streams)), rows[split]))
        texts, labels = zip(*shuffled(examples, derive(seed, "docs_kind", split)), strict=True)
        splits[split] = Dataset.from_dict({"text": texts, "label": labels}, features=features)
    return DatasetDict(train=splits["train"], test=splits["test"])


SOURCE = Source(
    name="docs_kind",
    family="docs_kind",
    modality="text",
    metric="accuracy",
    input_column="text",
    target_column="label",
    generate=generate,
)
