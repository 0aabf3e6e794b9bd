import numpy as np
import pytest
from datasets import ClassLabel, Image
from sklearn.linear_model import LogisticRegression

from probecast.data.sources.glyphs import CLUTTER, FONTS, LETTERS, SOURCE, draw_masks


def test_schema_of_cifar10_with_16x16_rgb_png() -> None:
    train = SOURCE.generate({"train": 3, "test": 3}, 0)["train"]
    assert isinstance(train.features["img"], Image)
    assert train.features["label"] == ClassLabel(names=list(LETTERS))
    image = train[0]["img"]
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (16, 16))


def test_clutter_shows_no_letter_of_a_class() -> None:
    assert set(CLUTTER).isdisjoint(LETTERS)


@pytest.mark.parametrize("letter", LETTERS)
def test_every_font_draws_the_letter_in_the_middle(letter: str) -> None:
    masks = draw_masks(letter)[letter]
    assert len(masks) == len(FONTS)
    for mask in masks:
        left, top, right, bottom = mask.getbbox()
        assert abs((left + right) - mask.width) <= 1
        assert abs((top + bottom) - mask.height) <= 1
        assert bottom - top > mask.height / 2


def test_pixels_alone_do_not_give_the_letter_away() -> None:
    splits = SOURCE.generate({"train": 400, "test": 300}, 0)
    train, test = (
        np.stack([np.asarray(image).ravel() for image in splits[s]["img"]]) / 255
        for s in ("train", "test")
    )
    model = LogisticRegression(C=0.1, max_iter=500).fit(train, splits["train"]["label"])
    assert model.score(test, splits["test"]["label"]) < 0.3
