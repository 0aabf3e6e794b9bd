"""Which library does a docstring belong to? Six classes of real English technical prose.

A stand-in for AG News that needs no download: docstrings of six installed libraries,
their names masked. Schema of the Hub's ``fancyzhx/ag_news``. It shares no text with
``docs_kind``, which reads other libraries.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal

from probecast.data.sources import Source
from probecast.data.sources.docstrings import round_robin, shuffled, walk
from probecast.seeds import derive

if TYPE_CHECKING:
    from datasets import DatasetDict

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


def labelled(
    label: int, package: str, split: Literal["train", "test"], seed: int, seen: set[str]
) -> Iterator[tuple[str, int]]:
    """Yield (masked text, label) of one library."""
    for item in walk(package, split, seed, MINIMUM, seen):
        yield mask(item.text), label


def generate(rows: dict[str, int], seed: int) -> "DatasetDict":
    """Return ``text`` and ``label``, the classes as equal in size as the libraries allow.

    Beyond about 1,700 training and 1,100 test rows the smaller libraries run dry.
    Test texts are drawn first; a training text that opens or ends like one of them is left out.
    """
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=list(LIBRARIES))})
    seen: set[str] = set()
    splits = {}
    for split in ("test", "train"):
        streams = [
            labelled(label, package, split, seed, seen)
            for label, package in enumerate(LIBRARIES.values())
        ]
        examples = list(islice(round_robin(streams), rows[split]))
        texts, labels = zip(*shuffled(examples, derive(seed, "docs_topic", split)), strict=True)
        splits[split] = Dataset.from_dict({"text": texts, "label": labels}, features=features)
    return DatasetDict(train=splits["train"], test=splits["test"])


SOURCE = Source(
    name="docs_topic",
    family="docs_topic",
    modality="text",
    metric="accuracy",
    input_column="text",
    target_column="label",
    generate=generate,
)
