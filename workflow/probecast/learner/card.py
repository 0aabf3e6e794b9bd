"""What ``card.json`` beside a meta-encoder's weights holds, checked: both may come from anyone."""

from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from probecast.encoding import Encoding
from probecast.learner.calibration import Calibration
from probecast.tuning.settings import KernelName


class _Checked(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class HeldOut(_Checked):
    """What an encoder must not have seen."""

    kind: Literal["family", "architecture"]
    name: str


class KernelCard(_Checked):
    """Of the settings, what says which kernel it is, and how large."""

    kernel: KernelName
    width: Annotated[int, Field(ge=1)]
    features: Annotated[int, Field(ge=1)]


class SourceCard(_Checked):
    """What is said of a source, see ``encoder.Source``."""

    task: str
    family: str
    architecture: str
    rows: int
    kind: str
    beginning: float
    reach: float
    noise: Annotated[float, Field(ge=0)]
    identities: Annotated[list[str], Field(min_length=1)]


class Card(_Checked):
    """The parts that ``MetaEncoder.read`` relies on; there may be more."""

    held_out: HeldOut | None
    settings: KernelCard
    weights_sha256: str
    encoding: Encoding
    calibration: Calibration
    sources: Annotated[list[SourceCard], Field(min_length=1)]


def check_tensors(card: Card, tensors: dict[str, Tensor]) -> None:
    """Make sure that the sources' tensors are those that the card speaks of.

    Raises:
        ValueError: one has another shape or type, or holds what is not finite.
        KeyError: one is missing.
    """
    of_task = len(card.encoding.architectures) + len(card.encoding.meta_features)
    for number, source in enumerate(card.sources):
        trials = len(source.identities)
        shapes = {
            "task": (of_task,),
            "configurations": (trials, card.encoding.size - of_task),
            "curves": (trials, None),
        }
        for name, shape in shapes.items():
            tensor = tensors[f"sources.{number}.{name}"]
            fits = len(shape) == tensor.ndim and all(
                size == wanted if wanted is not None else size >= 1
                for size, wanted in zip(tensor.shape, shape, strict=True)
            )
            if not fits:
                raise ValueError(
                    f"sources.{number}.{name} is {tuple(tensor.shape)}, the card says {shape}"
                )
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float64 or not tensor.isfinite().all():
            raise ValueError(f"{name} holds other than finite float64")
