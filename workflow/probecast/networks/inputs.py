"""Inputs: any of them as a sequence of vectors, its summary, and made-up ones to try out."""

import torch
from torch import Tensor, nn

from probecast.data.spec import DataSpec


class SequenceInput(nn.Module):
    """Turns a batch into vectors of one width, and says which time steps are real.

    Tokens are embedded (id 0 is padding), vectors are projected, and the rows of an image,
    from top to bottom, are the time steps of a sequence of C * W numbers.

    Args:
        spec: the dataset's description.
        width: number of features D that the network wants per time step.
    """

    def __init__(self, spec: DataSpec, width: int) -> None:
        super().__init__()
        self.kind = spec.input_kind
        if self.kind == "tokens":
            self.steps = spec.input_shape[0]
            self.project = nn.Embedding(spec.vocabulary_size, width, padding_idx=0)
        elif self.kind == "vectors":
            self.steps, features = spec.input_shape
            self.project = nn.Linear(features, width)
        else:
            channels, self.steps, pixels = spec.input_shape
            self.project = nn.Linear(channels * pixels, width)

    def forward(self, inputs: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the vectors (B, T, D) and which of them are real (bool, B, T)."""
        if self.kind == "image":
            inputs = inputs.transpose(1, 2).flatten(2)  # B C H W -> B H (C W)
        if self.kind == "tokens":
            real = inputs != 0
        elif lengths is None:
            real = inputs.new_ones(inputs.shape[:2], dtype=torch.bool)
        else:
            real = real_steps(lengths, inputs.shape[1])
        return self.project(inputs), real


def real_steps(lengths: Tensor, steps: int) -> Tensor:
    """Return which of ``steps`` time steps lie within ``lengths`` (B): bool, (B, T)."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def mean_over_real(states: Tensor, real: Tensor) -> Tensor:
    """Average ``states`` (B, T, D) over the real time steps (B, T); 0 where there are none."""
    weights = real.to(states.dtype)
    weights = weights / weights.sum(1, keepdim=True).clamp(min=1)
    return (weights[:, None] @ states).squeeze(1)


def last_real(states: Tensor, real: Tensor) -> Tensor:
    """Return of ``states`` (B, T, D) the last that is real (B, T), else the first."""
    last = (real.sum(1) - 1).clamp(min=0)
    return states[torch.arange(len(states), device=states.device), last]


SUMMARIES = {"classes": mean_over_real, "values": last_real}
"""What an output is computed from: a label from the whole text, a forecast from its end."""


def made_up_inputs(spec: DataSpec, examples: int) -> tuple[Tensor, Tensor | None]:
    """Return random inputs as training has them, of full length, and their lengths (or None)."""
    shape = (examples, *spec.input_shape)
    if spec.input_kind == "tokens":
        inputs = torch.randint(1, spec.vocabulary_size, shape)
    else:
        inputs = torch.randn(shape)
    if spec.input_kind == "tokens" or spec.output_kind == "characters":
        return inputs, torch.full((examples,), spec.input_shape[0])
    return inputs, None


class WithoutLengths(nn.Module):
    """A network that wants to know no lengths, such as ``nn.Sequential``, called as all are."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return what the network makes of ``inputs``."""
        return self.network(inputs)
