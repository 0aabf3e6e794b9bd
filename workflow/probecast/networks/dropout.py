"""Dropout that draws its mask from all the random bits there are.

PyTorch's own is slow on a CPU, where a small network in training feels it: it draws 32 random
bits for every element, one after the other.
"""

import torch
from torch import Tensor, nn

LEVELS = 2**16  # an element's share of a 64-bit draw, and how finely the rate is resolved


class Dropout(nn.Dropout):
    """Sets elements to 0 with probability ``p`` in training, and scales the others up.

    On a CPU the probability is rounded to 1 / 65,536; elsewhere this is PyTorch's own dropout.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Return ``inputs``, of any shape, with dropout in training mode."""
        if not self.training or self.p == 0:
            return inputs
        if inputs.device.type != "cpu":
            return super().forward(inputs)
        return inputs * _mask_like(inputs, self.p)


def _mask_like(inputs: Tensor, rate: float) -> Tensor:
    """Return 0 or 1 / (1 - rate) for every element, in the memory layout of ``inputs``."""
    dropped = round(rate * LEVELS)
    mask = torch.empty_like(inputs)
    if dropped == LEVELS:
        return mask.zero_()
    draws = torch.empty(-(-mask.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    kept = draws.view(torch.int16)[: mask.numel()] >= dropped - LEVELS // 2
    flat = mask.as_strided((mask.numel(),), (1,))
    torch.mul(kept, LEVELS / (LEVELS - dropped), out=flat)
    return mask


def with_fast_dropout(network: nn.Module) -> nn.Module:
    """Replace every ``nn.Dropout`` within ``network``; return it."""
    for name, child in network.named_children():
        if type(child) is nn.Dropout:
            setattr(network, name, Dropout(child.p))
        else:
            with_fast_dropout(child)
    return network
