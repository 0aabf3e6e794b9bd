"""Recurrent networks: of plain cells (Elman, 1990), and for ``lstm`` of others.

On short texts a GRU learnt little more than plain cells, for two and a half times the time on a
CPU.
"""

from functools import partial
from typing import Any

from torch import Tensor, nn

from probecast.data.spec import DataSpec
from probecast.networks.inputs import SUMMARIES, SequenceInput

INPUT_KINDS = frozenset({"tokens", "vectors", "image"})
OUTPUT_KINDS = frozenset({"classes", "values"})
HYPERPARAMETERS = frozenset({"layers", "neurons", "dropout"})


class RecurrentNetwork(nn.Module):
    """Reads a sequence from left to right and summarises the top layer's states.

    Padding stands at the end, so that no real state depends on it; the summary leaves it out.

    Args:
        cell: ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``.
        configuration: reads ``layers``, ``neurons`` (width of every layer) and ``dropout``
            (on the inputs, between layers and before the output).
        spec: the dataset's description.
    """

    def __init__(
        self, cell: type[nn.RNNBase], configuration: dict[str, Any], spec: DataSpec
    ) -> None:
        super().__init__()
        layers, width = configuration["layers"], configuration["neurons"]
        dropout = configuration["dropout"]
        self.input = SequenceInput(spec, width)
        # One module per layer, since the dropout between the layers of a deep one is slow.
        self.recurrent = nn.ModuleList(cell(width, width, batch_first=True) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.summarise = SUMMARIES[spec.output_kind]
        self.output = nn.Linear(width, spec.output_size)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return class scores or values (B, output_size)."""
        vectors, real = self.input(inputs, lengths)
        states = vectors  # B T D
        for layer in self.recurrent:
            states, _ = layer(self.dropout(states))
        return self.output(self.dropout(self.summarise(states, real)))


build = partial(RecurrentNetwork, nn.RNN)
