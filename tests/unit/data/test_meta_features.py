import math

import pytest
import torch

from kit.raw_folders import (
    SOURCES,
    images,
    settings,
    sine,
    speech,
    texts,
    toy_raw,
    write_raw,
)
from probecast.data.meta_features import NAMES, describe
from probecast.data.modalities import Prepared, get_prepare


def prepared_classes(inputs, targets, classes=2, val=60):
    parts = {"train": slice(val, None), "val": slice(0, val)}
    tensors = {
        split: {"inputs": inputs[part], "targets": targets[part]} for split, part in parts.items()
    }
    floor = (tensors["val"]["targets"] == 0).float().mean().item()
    return Prepared(tensors, "vectors", "classes", classes, floor={"val": floor, "test": 0.5})


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("modality", ["image", "text", "series", "speech"])
def test_every_modality_has_the_same_finite_numbers(tmp_path, modality):
    prepared = get_prepare(modality)(toy_raw(tmp_path, modality), SOURCES[modality], settings())
    features = describe(prepared, modality)
    assert tuple(features) == NAMES
    assert all(type(x) is float and math.isfinite(x) for x in features.values())
    assert [name for name in NAMES if name.startswith("is_") and features[name]] == [
        f"is_{modality}"
    ]


@pytest.mark.parametrize(
    ("modality", "other"),
    [
        ("image", images([2] * 9, seed=7)),
        ("text", texts(["an unheard of masterpiece, and then some"] * 9, [0] * 9)),
        ("speech", speech([sine(3.0), sine(0.5)], ["TWO", "ONE MORE"])),
    ],
)
def test_the_test_split_is_not_looked_at(tmp_path, modality, other):
    raw = toy_raw(tmp_path, modality)
    prepare = get_prepare(modality)
    first = describe(prepare(raw, SOURCES[modality], settings()), modality)
    write_raw(raw, test=other)
    assert describe(prepare(raw, SOURCES[modality], settings()), modality) == first


def test_sizes_are_natural_logarithms():
    features = describe(prepared_classes(noise(160, 8, 3), torch.arange(160) % 2), "series")
    assert features["log_rows"] == pytest.approx(math.log(100), abs=1e-5)
    assert features["log_inputs"] == pytest.approx(math.log(24), abs=1e-5)
    assert features["log_steps"] == pytest.approx(math.log(8), abs=1e-5)
    assert features["log_outputs"] == pytest.approx(math.log(2), abs=1e-5)


def test_entropy_is_one_for_equal_classes_and_small_for_a_rare_one():
    equal = prepared_classes(noise(160, 8, 3), torch.arange(160) % 2)
    rare = prepared_classes(noise(160, 8, 3), (torch.arange(160) % 50 == 0).long())
    assert describe(equal, "series")["target_entropy"] == pytest.approx(1)
    assert describe(rare, "series")["target_entropy"] < 0.2


def test_the_landmark_tells_a_linear_task_from_noise():
    inputs = noise(360, 5, 2)
    linear = describe(prepared_classes(inputs, (inputs[:, 0, 0] > 0).long()), "series")
    random = describe(prepared_classes(inputs, (noise(720)[360:] > 0).long()), "series")
    assert linear["landmark_gain"] > 0.8
    assert abs(random["landmark_gain"]) < 0.4


def test_the_landmark_of_values_is_one_where_they_are_linear():
    inputs = noise(360, 5, 2)
    targets = inputs[:, :, 0] + inputs[:, :, 1]
    tensors = {
        "train": {"inputs": inputs[:300], "targets": targets[:300]},
        "val": {"inputs": inputs[300:], "targets": targets[300:]},
    }
    floor = targets[300:].square().mean().item()
    prepared = Prepared(tensors, "vectors", "values", 5, floor={"val": floor, "test": floor})
    assert describe(prepared, "series")["landmark_gain"] > 0.95


def test_smooth_inputs_correlate_with_their_neighbours():
    targets = torch.arange(160) % 2
    smooth = describe(prepared_classes(noise(160, 8, 3).cumsum(1), targets), "series")
    rough = describe(prepared_classes(noise(160, 8, 3), targets), "series")
    assert smooth["neighbour_correlation"] > 0.7
    assert abs(rough["neighbour_correlation"]) < 0.1


def test_heavy_tails_and_a_common_value_show():
    targets = torch.arange(160) % 2
    plain = describe(prepared_classes(noise(160, 8, 3), targets), "series")
    spiky = describe(prepared_classes(noise(160, 8, 3).clamp(min=2) - 2, targets), "series")
    assert plain["log_kurtosis"] == pytest.approx(math.log(4), abs=0.1)
    assert spiky["log_kurtosis"] > 2
    assert plain["mode_share"] < 0.01 and spiky["mode_share"] > 0.9


def test_constant_inputs_are_described_with_finite_numbers():
    features = describe(prepared_classes(torch.zeros(160, 8, 3), torch.arange(160) % 2), "series")
    assert all(math.isfinite(x) for x in features.values())
