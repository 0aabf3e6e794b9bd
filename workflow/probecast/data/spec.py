"""What a network needs to know about preprocessed data: ``spec.json`` and the tensors."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict

from probecast.errors import ProbecastError
from probecast.files import atomic_path, checked, read_json_as, write_json

SPLITS = ("train", "val", "test")

Modality = Literal["image", "text", "series", "speech"]


@dataclass(frozen=True)
class DataSpec:
    """One preprocessed dataset, in the units that networks and reports use.

    Shape legend: B batch, C channels, H height, W width, T time steps, F features.

    Attributes:
        dataset: name in the study file, e.g. ``"digits"``.
        family: what the dataset descends from; holding out means holding out a family.
        modality: ``image``, ``text``, ``series`` or ``speech``.
        input_kind: ``image`` (float32, B C H W), ``tokens`` (int64, B T; 0 = padding)
            or ``vectors`` (float32, B T F).
        input_shape: one example's shape: (C, H, W), (T,) or (T, F). For speech, T is
            the longest utterance; the true lengths stand in ``input_lengths``.
        vocabulary_size: number of token ids (padding and unknown included), else 0.
        output_kind: ``classes`` (int64, B), ``values`` (float32, B N) or ``characters``
            (int64, B L; 0 = CTC blank; lengths in ``target_lengths``).
        output_size: number of classes, of predicted values N, or of characters with blank.
        metric: ``accuracy``, ``mse``, ``wer`` or another name in ``metrics``.
        rows: number of examples per split.
        floor: the trivial predictor's metric per split (majority class, seasonal
            naive, WER 1), keys ``val`` and ``test``.
        meta_features: numbers that describe the dataset to the meta-encoder.
        vocabulary: tokens or characters by id (empty for images and series).
        pretrained: the pretrained encoder whose word pieces the tokens are, else None.
        provenance: route, identifier, revision, checksums, row counts, settings.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    dataset: str
    family: str
    modality: Modality
    input_kind: Literal["image", "tokens", "vectors"]
    input_shape: tuple[int, ...]
    output_kind: Literal["classes", "values", "characters"]
    output_size: int
    metric: str
    rows: dict[str, int]
    floor: dict[str, float]
    vocabulary_size: int = 0
    meta_features: dict[str, float] = field(default_factory=dict)
    vocabulary: list[str] = field(default_factory=list)
    pretrained: str | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    def write(self, path: str | Path) -> None:
        """Write ``spec.json`` atomically."""
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: str | Path) -> "DataSpec":
        """Read ``spec.json``; raises ProbecastError if a field is missing, unknown or wrong."""
        return read_json_as(cls, path, "this version knows no such data spec: rerun preprocess")


def write_tensors(path: str | Path, tensors: dict[str, Any]) -> None:
    """Write one split atomically: ``inputs``, ``targets``, of speech their lengths (int64, B)."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with atomic_path(path) as temporary:
        try:
            save_file({k: v.contiguous() for k, v in tensors.items()}, temporary)
        except SafetensorError as error:  # what it makes of a full disk
            raise OSError(str(error)) from None


def read_split(path: str | Path, spec: DataSpec) -> dict[str, Any]:
    """Read one split; ProbecastError if it is damaged or not what the spec describes."""
    tensors = read_tensors(path)
    for problem in _problems(spec, Path(path).stem, tensors):
        raise ProbecastError(f"{path}: {problem}; delete it and rerun preprocess.")
    return tensors


def _problems(spec: DataSpec, split: str, tensors: dict[str, Any]) -> Iterator[str]:
    """What in a split differs from its description."""
    import torch

    if missing := sorted({"inputs", "targets"} - tensors.keys()):
        yield f"tensors {missing} are missing"
    inputs, targets = tensors["inputs"], tensors["targets"]
    numbers = {"classes": 1, "values": 2, "characters": 2}
    if inputs.ndim != 1 + len(spec.input_shape) or targets.ndim != numbers[spec.output_kind]:
        yield f"inputs {tuple(inputs.shape)}, targets {tuple(targets.shape)} have other dimensions"
    rows = {name: len(tensor) for name, tensor in tensors.items() if tensor.ndim}
    if set(rows.values()) != {spec.rows.get(split)} or len(rows) < len(tensors):
        yield f"rows {rows} differ from spec.json's {spec.rows.get(split)}"
    for name, tensor, kind, size in (
        ("inputs", inputs, spec.input_kind, spec.vocabulary_size),
        ("targets", targets, spec.output_kind, spec.output_size),
    ):
        whole = kind in ("tokens", "classes", "characters")
        if tensor.dtype != (torch.int64 if whole else torch.float32):
            yield f"{name} are {tensor.dtype}"
        if whole and not 0 <= int(tensor.min()) <= int(tensor.max()) < size:
            yield f"{name} lie outside 0..{size - 1}"


def read_tensors(path: str | Path) -> dict[str, Any]:
    """Read one split; a missing or damaged file is a ProbecastError that names it."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(checked(path))
    except (SafetensorError, OSError) as error:
        raise ProbecastError(
            f"{path}: damaged ({error}); delete it and rerun preprocess."
        ) from None
