"""What is minimised, by output kind.

Losses read a network's ``outputs`` and the ``batch`` they belong to, see ``metrics``.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from probecast.metrics import BLANK, Batch, Outputs


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
    "classes": lambda outputs, batch: F.cross_entropy(outputs, batch["targets"]),
    "values": lambda outputs, batch: F.mse_loss(outputs, batch["targets"]),
    "characters": _ctc,
}
