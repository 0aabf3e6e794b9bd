"""A small transformer encoder from ``transformers``, trained from scratch."""

from typing import Any

import torch
from torch import Tensor, nn

from probecast.data.spec import DataSpec
from probecast.networks.inputs import SUMMARIES, SequenceInput
from probecast.torchaudio_stub import ensure_importable

INPUT_KINDS = frozenset({"tokens", "vectors", "image"})
OUTPUT_KINDS = frozenset({"classes", "values"})
HYPERPARAMETERS = frozenset({"layers", "neurons", "dropout"})


class TransformerNetwork(nn.Module):
    """DistilBERT's encoder (Sanh et al., 2019) in our own size, and one linear layer.

    Args:
        configuration: reads ``layers``, ``neurons`` (features per time step; one attention head
            per 32 of them, and twice as many in the feed-forward layers) and ``dropout``.
        spec: the dataset's description.
    """

    def __init__(self, configuration: dict[str, Any], spec: DataSpec) -> None:
        super().__init__()
        # Imported here because it takes seconds, which no other network should pay.
        ensure_importable()
        from transformers import DistilBertConfig, DistilBertModel

        width = configuration["neurons"]
        self.input = SequenceInput(spec, width)
        self.encoder = DistilBertModel(
            DistilBertConfig(
                vocab_size=1,  # unused: tokens are embedded by our own input layer
                max_position_embeddings=self.input.steps,
                sinusoidal_pos_embds=True,  # as large as the inputs at the start, so not lost
                n_layers=configuration["layers"],
                n_heads=head_count(width),
                dim=width,
                hidden_dim=2 * width,
                dropout=configuration["dropout"],
                attention_dropout=0.0,
                # In bfloat16 on a CPU, sdpa's backward pass takes twice as long as plain products.
                attn_implementation="eager",
            )
        )
        self.summarise = SUMMARIES[spec.output_kind]
        self.output = nn.Linear(width, spec.output_size)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return class scores or values (B, output_size)."""
        vectors, real = self.input(inputs, lengths)  # B T D, B T
        padding = torch.zeros_like(real, dtype=vectors.dtype).masked_fill(~real, -1e9)
        states = self.encoder(inputs_embeds=vectors, attention_mask=padding[:, None, None])
        return self.output(self.summarise(states.last_hidden_state, real))


def head_count(width: int) -> int:
    """Return the largest number of heads that divides ``width``, at most one per 32 features."""
    return max(heads for heads in range(1, max(1, width // 32) + 1) if width % heads == 0)


build = TransformerNetwork
