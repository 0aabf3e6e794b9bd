"""What sources that make their own data share: examples by row, and splits of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from probecast.data.sources import Splits
from probecast.seeds import derive

Example = tuple[Any, int]  # a text or the pixels (H, W) or (H, W, 3) of an image, and its class


def by_row(
    name: str, rows: dict[str, int], seed: int, make: Callable[[np.random.Generator], Example]
) -> dict[str, list[Example]]:
    """Return the examples of both splits of source ``name``; each row has its own seed."""
    return {
        split: [
            make(np.random.default_rng(derive(seed, name, split, row)))
            for row in range(rows[split])
        ]
        for split in ("train", "test")
    }


def labelled(splits: dict[str, list[Example]], column: str, classes: list[str]) -> Splits:
    """Return raw splits with ``column``, of texts if so called, else of images, and ``label``."""
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value

    kind = Value("string") if column == "text" else Image()
    features = Features({column: kind, "label": ClassLabel(names=classes)})
    made = {}
    for split, examples in splits.items():
        inputs, labels = zip(*examples, strict=True) if examples else ((), ())
        columns = {column: list(inputs), "label": list(labels)}
        made[split] = Dataset.from_dict(columns, features=features)
    return DatasetDict(made)
