import numpy as np
from datasets import ClassLabel, Image

from probecast.data.sources.digits import SOURCE


def test_schema_of_mnist_with_8x8_grey_png() -> None:
    train = SOURCE.generate({"train": 5, "test": 5}, 0)["train"]
    assert isinstance(train.features["image"], Image)
    assert train.features["label"] == ClassLabel(names=[str(digit) for digit in range(10)])
    image = train[0]["image"]
    assert (image.format, image.mode, image.size) == ("PNG", "L", (8, 8))


def test_pixels_span_the_range_of_grey() -> None:
    images = SOURCE.generate({"train": 50, "test": 5}, 0)["train"]["image"]
    pixels = np.stack([np.asarray(image) for image in images])
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_all_1797_images_are_used_once_however_many_are_asked_for() -> None:
    splits = SOURCE.generate({"train": 10_000, "test": 10_000}, 0)
    assert {split: table.num_rows for split, table in splits.items()} == {
        "train": 1197,
        "test": 600,
    }
    assert set(splits["test"]["label"]) == set(range(10))
