"""Digits: 1,797 real handwritten digits, 8x8 grey, that scikit-learn carries along.

Source: UCI "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998),
the part in ``sklearn.datasets.load_digits``. Schema of the Hub's ``ylecun/mnist``.
"""

from typing import TYPE_CHECKING

import numpy as np

from probecast.data.sources import Source
from probecast.seeds import derive

if TYPE_CHECKING:
    from datasets import DatasetDict

TEST_ROWS = 600  # the pool that test rows come from; the other 1,197 are for training


def generate(rows: dict[str, int], seed: int) -> "DatasetDict":
    """Return the first rows of a seeded order: ``image`` (8x8 grey PNG) and ``label``.

    The two pools are fixed by the seed, so asking for other row counts never moves an
    image from one split to the other. At most 1,197 train and 600 test rows.
    """
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Image
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    # The file has 17 grey levels, 0..16; PNG has 256.
    pixels = np.rint(images.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    order = np.random.default_rng(derive(seed, "digits", "order")).permutation(len(labels))
    pools = {"train": order[TEST_ROWS:], "test": order[:TEST_ROWS]}

    features = Features(
        {"image": Image(), "label": ClassLabel(names=[str(digit) for digit in range(10)])}
    )
    splits = {}
    for split, pool in pools.items():
        chosen = pool[: rows[split]]
        columns = {"image": list(pixels[chosen]), "label": labels[chosen].tolist()}
        splits[split] = Dataset.from_dict(columns, features=features)
    return DatasetDict(splits)


SOURCE = Source(
    name="digits",
    family="digits",
    modality="image",
    metric="accuracy",
    input_column="image",
    target_column="label",
    generate=generate,
)
