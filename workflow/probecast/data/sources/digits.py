"""Digits: 1,797 real handwritten digits, 8x8 grey, that scikit-learn carries along.

Source: UCI "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998),
the part in ``sklearn.datasets.load_digits``. Schema of the Hub's ``ylecun/mnist``.
"""

import numpy as np

from probecast.data.sources import Source, Splits
from probecast.data.sources.generated import labelled
from probecast.seeds import derive

TEST_ROWS = 600  # the pool that test rows come from; the other 1,197 are for training


def generate(rows: dict[str, int], seed: int) -> Splits:
    """Return the first rows of a seeded order: ``image`` (8x8 grey PNG) and ``label``.

    The two pools are fixed by the seed, so asking for other row counts never moves an
    image from one split to the other. At most 1,197 train and 600 test rows.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    # The file has 17 grey levels, 0..16; PNG has 256.
    pixels = np.rint(images.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    order = np.random.default_rng(derive(seed, "digits", "order")).permutation(len(labels))
    pools = {"train": order[TEST_ROWS:], "test": order[:TEST_ROWS]}
    chosen = {split: pool[: rows[split]] for split, pool in pools.items()}
    splits = {split: [(pixels[i], int(labels[i])) for i in of] for split, of in chosen.items()}
    return labelled(splits, "image", [str(digit) for digit in range(10)])


SOURCE = Source("digits", "digits", "image", "accuracy", "image", "label", generate=generate)
