import io

import numpy as np
import pytest
import torch
from datasets import Dataset, concatenate_datasets
from PIL import Image

from kit.raw_folders import SOURCES, images, settings, toy_raw, write_raw
from probecast.data.modalities.image import prepare
from probecast.errors import ProbecastError


def run(raw, **values):
    return prepare(raw, SOURCES["image"], settings(**values))


def test_grey_images_become_channels_first_and_standardised(tmp_path):
    prepared = run(toy_raw(tmp_path, "image"))
    train = prepared.tensors["train"]["inputs"]
    assert train.shape == (26, 1, 5, 6)  # the images are 6 wide and 5 high
    assert train.dtype == torch.float32
    assert train.mean().item() == pytest.approx(0, abs=1e-5)
    assert train.std(correction=0).item() == pytest.approx(1, abs=1e-5)


def test_pixels_and_labels_stay_together_and_can_be_recovered(tmp_path):
    raw = write_raw(tmp_path, train=images([0, 1, 2] * 10), test=images([0, 1, 2, 2], seed=1))
    prepared = run(raw)
    (mean,), (std,) = prepared.notes["mean"], prepared.notes["std"]
    test = prepared.tensors["test"]
    grey = (test["inputs"] * std + mean) * 255
    for x, label in zip(grey, test["targets"], strict=True):  # brightness shows the label
        assert 60 * label - 0.01 <= x.min()
        assert x.max() <= 60 * label + 80


def test_colour_channels_are_standardised_one_by_one(tmp_path):
    data = images([0, 1, 2] * 10, mode="RGB")
    prepared = run(write_raw(tmp_path, train=data, test=data.select(range(3))))
    train = prepared.tensors["train"]["inputs"]
    assert train.shape[1] == 3
    assert train.mean(dim=(0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-5)


def test_one_colour_image_makes_all_colour(tmp_path):
    data = concatenate_datasets([images([0, 1] * 8), images([2], mode="RGB")])
    prepared = run(write_raw(tmp_path, train=data, test=images([0])), train_rows=50, val_rows=1)
    assert prepared.tensors["test"]["inputs"].shape[1] == 3


def test_the_test_split_does_not_move_the_scaling(tmp_path):
    first = run(toy_raw(tmp_path, "image"))
    second = run(write_raw(tmp_path, test=images([2] * 9, seed=5)))
    assert first.notes == second.notes
    assert first.tensors["train"]["inputs"].equal(second.tensors["train"]["inputs"])


def test_resolution_brings_images_of_all_sizes_to_one(tmp_path):
    data = concatenate_datasets([images([0, 1] * 5), images([1, 2] * 5, size=(9, 4))])
    raw = write_raw(tmp_path, train=data, test=data)
    assert run(raw, resolution=8).tensors["test"]["inputs"].shape == (20, 1, 8, 8)
    with pytest.raises(ProbecastError, match=r"row \d+, column 'image'.*set `resolution`"):
        run(raw)


def test_shrinking_averages_and_does_not_skip_pixels(tmp_path):
    stripes = Image.fromarray(np.tile([[0, 255]], (8, 4)).astype(np.uint8))
    data = Dataset.from_dict(
        {"image": [stripes] * 6, "label": [0, 1] * 3}, features=images([0]).features
    )
    prepared = run(write_raw(tmp_path, train=data, test=data), resolution=4, val_rows=2)
    (mean,), (std,) = prepared.notes["mean"], prepared.notes["std"]
    assert mean == pytest.approx(0.5, abs=0.02)
    assert std < 0.15  # skipping pixels would give 0 or 1 everywhere, or a wrong mean


def test_images_of_one_value_become_zero_and_not_nan(tmp_path):
    buffer = io.BytesIO()
    Image.new("L", (5, 5), 7).save(buffer, "PNG")
    black = [{"bytes": buffer.getvalue(), "path": None}] * 6
    data = Dataset.from_dict({"image": black, "label": [0, 1] * 3}, features=images([0]).features)
    prepared = run(write_raw(tmp_path, train=data, test=data), val_rows=2)
    assert not prepared.tensors["train"]["inputs"].any()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\x89PNG\r\n\x1a\n garbage", "cannot be decoded"), (None, "no bytes")],
)
def test_a_broken_image_is_named_by_its_row(tmp_path, content, message):
    good = images([0, 1] * 5)
    bad = Dataset.from_dict(
        {"image": [{"bytes": content, "path": "a.png"}], "label": [0]}, features=good.features
    )
    test = concatenate_datasets([images([0]), bad])
    raw = write_raw(tmp_path, train=good, test=test)
    with pytest.raises(ProbecastError, match=rf"test\.parquet, row 1, .*'image'.*{message}"):
        run(raw)
