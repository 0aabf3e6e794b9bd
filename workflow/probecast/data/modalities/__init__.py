"""How each modality becomes tensors: one module each, with ``prepare``, and two lines here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from probecast.data.settings import PreprocessSettings
from probecast.data.sources import Source

if TYPE_CHECKING:
    from torch import Tensor

MODALITIES = {
    "image": "probecast.data.modalities.image",
    "text": "probecast.data.modalities.text",
    "series": "probecast.data.modalities.series",
    "speech": "probecast.data.modalities.speech",
}


class Kinds(NamedTuple):
    """What networks see of a modality, as in ``DataSpec``."""

    inputs: Literal["image", "tokens", "vectors"]
    outputs: Literal["classes", "values", "characters"]


KINDS = {
    "image": Kinds("image", "classes"),
    "text": Kinds("tokens", "classes"),
    "series": Kinds("vectors", "values"),
    "speech": Kinds("vectors", "characters"),
}


@dataclass(frozen=True)
class Prepared:
    """What a modality makes of the raw files.

    Attributes:
        tensors: per split what ``write_tensors`` takes; rows in random order.
        notes: for the provenance: what was fitted, dropped or counted.
        facts: for the log: what a user should know of how their data were read, a line each.

    All else is as in ``DataSpec``.
    """

    tensors: "dict[str, dict[str, Tensor]]"
    input_kind: Literal["image", "tokens", "vectors"]
    output_kind: Literal["classes", "values", "characters"]
    output_size: int
    floor: dict[str, float]
    vocabulary: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    facts: list[str] = field(default_factory=list)


Prepare = Callable[[Path, Source, PreprocessSettings], Prepared]


def get_prepare(modality: str) -> Prepare:
    """Return the function ``prepare(raw, source, settings)`` of a modality."""
    return import_module(MODALITIES[modality]).prepare
