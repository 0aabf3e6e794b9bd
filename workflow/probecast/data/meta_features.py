"""Numbers that describe a dataset to the meta-encoder, the same for every modality.

They are computed from train and val only, never from test, in well under a second.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from probecast.data.spec import Modality

if TYPE_CHECKING:
    from probecast.data.modalities import Prepared

EXAMPLES = 512  # of each split are enough to describe it
ENTRIES = 100_000  # drawn from the inputs are enough for their statistics
COLUMNS = 4096  # largest width of the landmark's inputs

NAMES = (
    "log_rows",  # ln of the number of training examples
    "log_inputs",  # ln of the number of input values of one example
    "log_steps",  # ln of the sequence length; 0 for images
    "log_outputs",  # ln of the number of classes, values or characters
    "target_entropy",  # of classes or characters, 1 = all equally frequent; 0 for values
    "floor",  # the trivial predictor's metric on val
    "landmark_gain",  # how far ridge regression comes from the floor (0) to perfect (1) on val
    "log_kurtosis",  # ln(1 + kurtosis) of the input values
    "mode_share",  # share of the most frequent input value: background or padding
    "neighbour_correlation",  # of input values one pixel or time step apart
    "is_image",
    "is_text",
    "is_series",
    "is_speech",
)


def describe(prepared: "Prepared", modality: Modality) -> dict[str, float]:
    """Return the meta-features of a dataset, finite floats in the order of ``NAMES``.

    They are rounded to six decimals, so that they do not depend on the number of threads.
    The landmark follows Pfahringer, Bensusan and Giraud-Carrier, "Meta-learning by
    landmarking various learning algorithms" (ICML 2000).
    """
    inputs = _seen(prepared, modality)
    # Token ids are ordered by frequency: their logarithm is on the scale of Zipf's law.
    values = inputs[:EXAMPLES].log1p() if modality == "text" else inputs[:EXAMPLES]
    generator = torch.Generator().manual_seed(0)
    entries = values.flatten()[torch.randint(values.numel(), (ENTRIES,), generator=generator)]
    features = {
        "log_rows": _log(len(inputs)),
        "log_inputs": _log(inputs[0].numel()),
        "log_steps": 0.0 if modality == "image" else _log(inputs.shape[1]),
        "log_outputs": _log(prepared.output_size),
        "target_entropy": _target_entropy(prepared),
        "floor": prepared.floor["val"],
        "landmark_gain": _landmark_gain(prepared),
        "log_kurtosis": _standardise(entries).pow(4).mean().log1p().item(),
        "mode_share": (entries.unique(return_counts=True)[1].max() / len(entries)).item(),
        "neighbour_correlation": _neighbour_correlation(values, 3 if modality == "image" else 1),
        **{name: float(name == f"is_{modality}") for name in NAMES if name.startswith("is_")},
    }
    return {name: round(features[name], 6) for name in NAMES}


def _seen(prepared: "Prepared", modality: Modality) -> Tensor:
    """Return the training inputs, without padding that only longer test utterances ask for."""
    inputs = prepared.tensors["train"]["inputs"]
    if modality != "speech":
        return inputs
    lengths = [prepared.tensors[split]["input_lengths"].max() for split in ("train", "val")]
    return inputs[:, : int(max(lengths))]


def _log(count: int) -> float:
    return torch.tensor(float(count)).log().item()


def _standardise(x: Tensor, dim: int | None = None) -> Tensor:
    """Return ``x`` with mean 0 and standard deviation 1 along ``dim``; a constant becomes 0."""
    std, mean = torch.std_mean(x, dim=dim, keepdim=True, correction=0)
    return (x - mean) / torch.where(std > 0, std, 1)


def _target_entropy(prepared: "Prepared") -> float:
    targets = prepared.tensors["train"]["targets"]
    if prepared.output_kind == "values":
        return 0.0
    if prepared.output_kind == "characters":
        targets = targets[targets > 0]  # without padding
    share = targets.flatten().bincount() / targets.numel()
    return (torch.special.entr(share).sum() / _log(prepared.output_size)).item()


def _neighbour_correlation(x: Tensor, dim: int) -> float:
    count = x.shape[dim] - 1
    left, right = x.narrow(dim, 0, count).flatten(), x.narrow(dim, 1, count).flatten()
    return (_standardise(left) * _standardise(right)).mean().item()


def _landmark_gain(prepared: "Prepared") -> float:
    """Return where ridge regression's val metric lies between the floor (0) and perfect (1).

    It is 0 for transcripts, for which there is no regression in closed form, and at least -1.
    """
    if prepared.output_kind == "characters":
        return 0.0
    train, val = (
        {name: x[:EXAMPLES] for name, x in prepared.tensors[split].items()}
        for split in ("train", "val")
    )
    flat = _flatten(prepared, torch.cat([train["inputs"], val["inputs"]]))
    count = len(train["inputs"])
    std, mean = torch.std_mean(flat[:count], dim=0, correction=0)
    flat = (flat - mean) / torch.where(std > 0, std, 1)
    targets = train["targets"]
    if prepared.output_kind == "classes":
        targets = torch.nn.functional.one_hot(targets, prepared.output_size)
    predicted = _ridge(flat[:count], targets.double(), flat[count:])

    floor = prepared.floor["val"]
    if prepared.output_kind == "classes":
        accuracy = (predicted.argmax(dim=1) == val["targets"]).double().mean().item()
        gain = (accuracy - floor) / (1 - floor) if floor < 1 else 0.0
    else:
        mse = (predicted - val["targets"]).square().mean().item()
        gain = (floor - mse) / floor if floor > 0 else 0.0
    return max(gain, -1.0)


def _flatten(prepared: "Prepared", inputs: Tensor) -> Tensor:
    """Return inputs as float64 (B, at most COLUMNS): counts of tokens, or values as they are."""
    if prepared.input_kind == "tokens":
        counts = torch.zeros(len(inputs), len(prepared.vocabulary), dtype=torch.float64)
        counts.scatter_add_(1, inputs, (inputs > 0).double())
        return counts[:, :COLUMNS]  # of the most frequent tokens
    flat = inputs.flatten(1).double()
    return flat[:, :: -(-flat.shape[1] // COLUMNS)]


def _ridge(x: Tensor, y: Tensor, query: Tensor, penalty: float = 0.1) -> Tensor:
    """Return ridge regression's predictions (Q, N) for ``query`` (Q, D), in its dual form.

    ``x`` (B, D) is standardised, ``y`` (B, N); ``penalty`` is in units of the mean diagonal of the
    kernel, which is about 1.
    """
    kernel = x @ x.T / x.shape[1] + penalty * torch.eye(len(x), dtype=x.dtype)  # (B, B)
    mean = y.mean(dim=0)
    return mean + query @ x.T / x.shape[1] @ torch.linalg.solve(kernel, y - mean)
