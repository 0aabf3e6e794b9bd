"""What is reported, by name.

Metrics read a network's ``outputs`` and the ``batch`` they belong to: its
``targets`` and, for characters, ``target_lengths`` (int64, B). Outputs are float32:
(B, output_size), or for characters the pair of (B, T, output_size) and their lengths (B).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probecast.errors import ProbecastError, suggest
from probecast.torchaudio_stub import ensure_importable

if TYPE_CHECKING:
    from torch import Tensor

ROUNDING = 1e-6  # a metric may exceed what it can be by so much, as in single precision
BLANK = 0  # CTC's id for "no character"; also pads the targets

Batch = dict[str, "Tensor"]
Outputs = "Tensor | tuple[Tensor, Tensor]"


@dataclass(frozen=True)
class Metric:
    """One number that says how good predictions are, in natural units.

    Attributes:
        name: its name in ``METRICS`` and in ``DataSpec.metric``.
        higher_is_better: its direction.
        ceiling: the value of perfect predictions.
        compute: ``compute(outputs, batch, vocabulary) -> (total, count)`` of one batch; the
            metric of a split is the sum of its batches' totals over that of their counts.
    """

    name: str
    higher_is_better: bool
    ceiling: float
    compute: Callable[[Outputs, Batch, list[str]], tuple[float, int]]

    def impossible(self, values: Iterable[float]) -> str:
        """Return what is wrong with values of this metric, or nothing; NaN and infinity are none.

        >>> METRICS["accuracy"].impossible([0.5, 40.0])
        'accuracy 40 is better than the perfect 1'
        >>> METRICS["mse"].impossible([0.5, float("nan")])
        ''
        """
        finite = [value for value in values if math.isfinite(value)]
        sign = 1 if self.higher_is_better else -1
        best, least = max(finite, key=lambda v: sign * v, default=0.0), min(finite, default=0.0)
        if sign * (best - self.ceiling) > ROUNDING:
            return f"{self.name} {best:g} is better than the perfect {self.ceiling:g}"
        return f"{self.name} {least:g} is below 0" if least < -ROUNDING else ""


def _accuracy(outputs: Outputs, batch: Batch, vocabulary: list[str]) -> tuple[float, int]:
    hits = outputs.argmax(1) == batch["targets"]
    return hits.sum().item(), len(hits)


def _mse(outputs: Outputs, batch: Batch, vocabulary: list[str]) -> tuple[float, int]:
    errors = (outputs - batch["targets"]).double().square()
    return errors.sum().item(), errors.numel()


def _mae(outputs: Outputs, batch: Batch, vocabulary: list[str]) -> tuple[float, int]:
    errors = (outputs - batch["targets"]).double().abs()
    return errors.sum().item(), errors.numel()


def _wer(outputs: Outputs, batch: Batch, vocabulary: list[str]) -> tuple[float, int]:
    """Word errors (substituted, inserted, deleted) over the number of words spoken."""
    pairs = _heard(outputs, batch, vocabulary)
    return _errors([(heard.split(), spoken.split()) for heard, spoken in pairs])


def _cer(outputs: Outputs, batch: Batch, vocabulary: list[str]) -> tuple[float, int]:
    """Character errors over the number of characters spoken, spaces included."""
    return _errors(list(_heard(outputs, batch, vocabulary)))


def _errors(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> tuple[float, int]:
    ensure_importable()
    from torchaudio.functional import edit_distance  # slow to load

    return sum(edit_distance(*pair) for pair in pairs), sum(len(spoken) for _, spoken in pairs)


def _heard(outputs: Outputs, batch: Batch, vocabulary: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what was understood of each utterance, and what was said."""
    logits, lengths = outputs
    for path, steps, target, characters in zip(
        logits.argmax(-1).tolist(),
        lengths.tolist(),
        batch["targets"].tolist(),
        batch["target_lengths"].tolist(),
        strict=True,
    ):
        spoken = "".join(vocabulary[i] for i in target[:characters])
        yield "".join(vocabulary[i] for i in collapse(path[:steps])), spoken


METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", higher_is_better=True, ceiling=1.0, compute=_accuracy),
        Metric("mse", higher_is_better=False, ceiling=0.0, compute=_mse),
        Metric("mae", higher_is_better=False, ceiling=0.0, compute=_mae),
        Metric("wer", higher_is_better=False, ceiling=0.0, compute=_wer),
        Metric("cer", higher_is_better=False, ceiling=0.0, compute=_cer),
    )
}


def get_metric(name: str) -> Metric:
    """Return the metric called ``name``; raises ProbecastError if there is none."""
    if name not in METRICS:
        raise ProbecastError(f"unknown metric {name!r}. {suggest(name, list(METRICS))}")
    return METRICS[name]


def collapse(path: list[int]) -> list[int]:
    """Return the characters of a CTC path: runs become one, then blanks are dropped.

    >>> collapse([0, 3, 3, 0, 3, 5, 5])
    [3, 3, 5]
    """
    previous = [BLANK, *path[:-1]]
    return [i for i, before in zip(path, previous, strict=True) if i not in (before, BLANK)]
