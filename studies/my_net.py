"""A network of one's own, as an example: a small convolutional network for texts.

What is asked of such a file stands in docs/own-network.md; studies/own_network.yaml uses it.
"""

from torch import nn


class TextNetwork(nn.Module):
    """Looks for patterns of a few words, anywhere in a text.

    Args:
        configuration: the hyperparameters, by name.
        spec: the dataset's description.
    """

    def __init__(self, configuration, spec):
        super().__init__()
        width, patterns, span = (configuration[name] for name in ("width", "patterns", "span"))
        self.embed = nn.Embedding(spec.vocabulary_size, width, padding_idx=0)
        self.match = nn.Conv1d(width, patterns, span, padding="same")
        self.dropout = nn.Dropout(configuration["dropout"])
        self.output = nn.Linear(patterns, spec.output_size)

    def forward(self, tokens, lengths):
        """Return class scores (batch, output_size) of token ids (batch, steps)."""
        found = self.match(self.embed(tokens).transpose(1, 2)).relu()  # batch, patterns, steps
        real = (tokens != 0)[:, None]  # not the padding
        return self.output(self.dropout((found * real).amax(dim=2)))


def build(configuration, spec):
    """Return the untrained network of a configuration."""
    return TextNetwork(configuration, spec)
