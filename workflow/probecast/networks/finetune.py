"""A pretrained text encoder from ``transformers``, trained further on the task: all or LoRA."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from probecast.data.spec import DataSpec
from probecast.data.text_encoders import load_encoder, load_tokenizer
from probecast.networks.adapters import add_lora
from probecast.networks.inputs import mean_over_real

INPUT_KINDS = frozenset({"tokens"})
OUTPUT_KINDS = frozenset({"classes"})
HYPERPARAMETERS = frozenset({"dropout", "lora_rank"})
# As in BERT (Devlin et al., 2019); rank 0 trains all weights.
DEFAULTS = {"optimizer": "AdamW", "dropout": 0.1, "lora_rank": 0}


class FinetunedNetwork(nn.Module):
    """The encoder's states, averaged over the text's real tokens, dropout, and one linear layer.

    The encoder keeps its own dropout. Of its table of word pieces only those that occur in the
    dataset are kept: a piece that does not occur gets no gradient, so that nothing else differs,
    and the optimizer has less to do.

    Args:
        configuration: reads ``dropout`` (before the output).
        spec: the dataset's description; ``pretrained`` names the encoder.
    """

    def __init__(self, configuration: dict[str, Any], spec: DataSpec) -> None:
        super().__init__()
        encoder = copy.deepcopy(load_encoder(spec.pretrained, spec.dataset))
        tokenizer = load_tokenizer(spec.pretrained, spec.dataset)
        pieces = tokenizer.convert_tokens_to_ids(spec.vocabulary)
        vectors = encoder.get_input_embeddings().weight.detach()[pieces]
        encoder.set_input_embeddings(
            nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=0)
        )
        # Where the cost is only counted, the default device is one without memory.
        self.encoder = encoder.to(torch.get_default_device())
        self.dropout = nn.Dropout(configuration["dropout"])
        self.output = nn.Linear(encoder.config.hidden_size, spec.output_size)
        if rank := configuration.get("lora_rank", 0):  # last: the output begins as without
            add_lora(self.encoder, rank, spec.pretrained)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return class scores (B, output_size) of token ids (B, T), where 0 is padding."""
        real = inputs != 0
        vectors = self.encoder.get_input_embeddings()(inputs)  # B T D
        # Without memory (where the cost is counted) there is no telling what is padding.
        mask = None if inputs.is_meta else real.long()
        states = self.encoder(inputs_embeds=vectors, attention_mask=mask).last_hidden_state
        return self.output(self.dropout(mean_over_real(states, real)))


build = FinetunedNetwork
