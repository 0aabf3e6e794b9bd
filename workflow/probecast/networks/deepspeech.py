"""Deep Speech: from the frames of a spectrogram to characters, for training with CTC."""

from typing import Any

import torch
from torch import Tensor, nn

from probecast.data.spec import DataSpec
from probecast.networks.inputs import real_steps

INPUT_KINDS = frozenset({"vectors"})
OUTPUT_KINDS = frozenset({"characters"})
HYPERPARAMETERS = frozenset({"layers", "neurons", "dropout"})

CONTEXT = 11  # frames that the convolution sees at once
STRIDE = 2  # frames per output step


class DeepSpeech(nn.Module):
    """A convolution over time, bidirectional recurrent layers, and a score per character.

    The shape is that of Deep Speech 2 (Amodei et al., 2016), with LSTM cells, layer instead of
    batch normalisation, and the sum of both directions. What stands behind an utterance's end
    changes nothing: padding is zeroed, and each utterance is reversed within its own length.

    Shape legend: B batch, T frames, F features per frame, S = ceil(T / 2) steps, D neurons,
    V characters with CTC's blank.

    Args:
        configuration: reads ``layers`` (the convolution and ``layers - 1`` recurrent ones),
            ``neurons`` (width of each) and ``dropout`` (after each).
        spec: the dataset's description.
    """

    def __init__(self, configuration: dict[str, Any], spec: DataSpec) -> None:
        super().__init__()
        _, features = spec.input_shape
        width, dropout = configuration["neurons"], configuration["dropout"]
        self.convolution = nn.Conv1d(features, width, CONTEXT, STRIDE, padding=CONTEXT // 2)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = nn.ModuleList(
            BidirectionalLayer(width, dropout) for _ in range(configuration["layers"] - 1)
        )
        self.output = nn.Linear(width, spec.output_size)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return scores (B, S, V) and their lengths (B) of frames (B, T, F) and their lengths."""
        batch, frames, _ = inputs.shape
        if lengths is None:
            lengths = torch.full((batch,), frames, device=inputs.device)
        inputs = inputs * real_steps(lengths, frames)[..., None]
        states = self.convolution(inputs.transpose(1, 2)).transpose(1, 2)  # B S D
        states = self.dropout(self.norm(states).relu())
        lengths = (lengths + STRIDE - 1) // STRIDE
        backwards = reversing_order(lengths, states.shape[1])
        for layer in self.recurrent:
            states = layer(states, backwards)
        return self.output(states), lengths


class BidirectionalLayer(nn.Module):
    """One LSTM forwards in time and one backwards; their sum, normalised."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.forwards = nn.LSTM(width, width, batch_first=True)
        self.backwards = nn.LSTM(width, width, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, backwards: Tensor) -> Tensor:
        """Return new states (B, S, D); ``backwards`` (B, S) is the ``reversing_order``."""
        order = backwards[..., None].expand_as(states)
        ahead, _ = self.forwards(states)
        back, _ = self.backwards(states.gather(1, order))
        return self.dropout(self.norm(ahead + back.gather(1, order)))


def reversing_order(lengths: Tensor, steps: int) -> Tensor:
    """Return the order (B, S) that reverses each utterance and leaves its padding in place."""
    step = torch.arange(steps, device=lengths.device)
    return torch.where(real_steps(lengths, steps), lengths[:, None] - 1 - step, step)


build = DeepSpeech
