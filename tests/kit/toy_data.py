"""Small random datasets of every kind, and configurations to train on them."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from probecast.data.spec import SPLITS, DataSpec
from probecast.networks import NEED_PRETRAINED, get_architecture
from probecast.training.hyperparameters import REQUIRED

SPECS = {
    "images": DataSpec(
        dataset="images",
        family="images",
        modality="image",
        input_kind="image",
        input_shape=(1, 8, 8),
        output_kind="classes",
        output_size=3,
        metric="accuracy",
        rows={"train": 40, "val": 20, "test": 20},
        floor={"val": 1 / 3, "test": 1 / 3},
    ),
}
SPECS["texts"] = replace(
    SPECS["images"],
    dataset="texts",
    modality="text",
    input_kind="tokens",
    input_shape=(10,),
    vocabulary_size=20,
)
SPECS["series"] = replace(
    SPECS["images"],
    dataset="series",
    modality="series",
    input_kind="vectors",
    input_shape=(12, 2),
    output_kind="values",
    output_size=4,
    metric="mse",
    floor={"val": 1.0, "test": 1.0},
)
SPECS["speech"] = replace(
    SPECS["series"],
    dataset="speech",
    modality="speech",
    input_shape=(30, 5),
    output_kind="characters",
    output_size=4,
    metric="wer",
    vocabulary=["[BLANK]", " ", "A", "B"],
)

TASKS = {
    "cnn": "images",
    "rnn": "texts",
    "lstm": "series",
    "transformer": "texts",
    "deepspeech": "speech",
}
"""An architecture that starts from nothing, and the dataset it is tested with."""


def spec_of(architecture: str) -> DataSpec:
    """Return the dataset that any architecture is tested with."""
    if architecture in NEED_PRETRAINED:
        from kit.tiny_encoder import pieces_spec  # seconds of imports, which few tests need

        return pieces_spec()
    return SPECS[TASKS[architecture]]


def configuration_of(architecture: str, **changes: Any) -> dict[str, Any]:
    """Return a configuration of just what training and the architecture read."""
    read = REQUIRED.keys() | get_architecture(architecture).HYPERPARAMETERS | changes.keys()
    return {name: value for name, value in configuration(**changes).items() if name in read}


def configuration(**changes: Any) -> dict[str, Any]:
    return {
        "learning_rate": 0.01,
        "batch_size": 16,
        "layers": 2,
        "neurons": 32,
        "dropout": 0.1,
        "optimizer": "Adam",
        **changes,
    }


def split(spec: DataSpec, rows: int, seed: int = 0) -> dict[str, Tensor]:
    """One split whose inputs determine its targets, so that there is something to learn.

    An image is bright in the third of its columns that its class names; a text holds tokens
    of its class; a series goes on as a sine; speech has one frame pattern per character.
    """
    draw = torch.Generator().manual_seed(seed)
    if spec.output_kind == "values":
        steps, features = spec.input_shape
        time = torch.arange(steps + spec.output_size) + 6 * torch.rand(rows, 1, generator=draw)
        waves = time.sin()
        inputs = waves[:, :steps, None].repeat(1, 1, features)
        return {"inputs": inputs, "targets": waves[:, steps:]}
    if spec.output_kind == "characters":
        return _speech(spec, rows, draw)
    targets = torch.randint(spec.output_size, (rows,), generator=draw)
    if spec.input_kind == "tokens":
        words = torch.randint(1, 6, (rows, *spec.input_shape), generator=draw)
        lengths = torch.randint(2, spec.input_shape[0] + 1, (rows, 1), generator=draw)
        real = torch.arange(spec.input_shape[0]) < lengths
        return {"inputs": (words + 5 * targets[:, None]) * real, "targets": targets}
    inputs = 0.3 * torch.randn(rows, *spec.input_shape, generator=draw)
    for image, target in zip(inputs, targets.tolist(), strict=True):
        image[..., 3 * target : 3 * target + 2] += 1
    return {"inputs": inputs, "targets": targets}


def _speech(spec: DataSpec, rows: int, draw: torch.Generator) -> dict[str, Tensor]:
    frames, features = spec.input_shape
    characters, frames_each = 4, 6
    targets = torch.randint(1, spec.output_size, (rows, characters), generator=draw)
    lengths = torch.randint(2, characters + 1, (rows,), generator=draw)
    inputs = torch.zeros(rows, frames, features)
    for i, length in enumerate(lengths.tolist()):
        targets[i, length:] = 0
        for j in range(length):
            inputs[i, j * frames_each : (j + 1) * frames_each - 2, targets[i, j]] = 2.0
    return {
        "inputs": inputs,
        "targets": targets,
        "input_lengths": lengths * frames_each,
        "target_lengths": lengths,
    }


def splits(spec: DataSpec) -> dict[str, dict[str, Tensor]]:
    return {name: split(spec, spec.rows[name], seed) for seed, name in enumerate(SPLITS)}
