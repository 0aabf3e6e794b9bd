"""What is minimised, by output kind.

Losses read a network's ``outputs`` and the ``batch`` they belong to, see ``metrics``.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from probecast.metrics import BLANK, Batch, Outputs


def _cross_entropy(outputs: Tensor, batch: Batch) -> Tensor:
    return F.cross_entropy(outputs, batch["targets"])


def _mean_squared_error(outputs: Tensor, batch: Batch) -> Tensor:
    return F.mse_loss(outputs, batch["targets"])


def _ctc(outputs: tuple[Tensor, Tensor], batch: Batch) -> Tensor:
    """Connectionist temporal classification (Graves et al., 2006), per character."""
    logits, lengths = outputs
    return F.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),  # T B V
        batch["targets"],
        lengths,
        batch["target_lengths"],
        blank=BLANK,
        zero_infinity=True,  # an utterance too short for its text teaches nothing
    )


LOSSES: dict[str, Callable[[Outputs, Batch], Tensor]] = {
    "classes": _cross_entropy,
    "values": _mean_squared_error,
    "characters": _ctc,
}
