"""A long short-term memory network (Hochreiter and Schmidhuber, 1997)."""

from typing import Any

from torch import nn

from probecast.data.spec import DataSpec
from probecast.networks.recurrent import RecurrentNetwork

INPUT_KINDS = frozenset({"tokens", "vectors", "image"})
OUTPUT_KINDS = frozenset({"classes", "values"})
HYPERPARAMETERS = frozenset({"layers", "neurons", "dropout"})


def build(configuration: dict[str, Any], spec: DataSpec) -> nn.Module:
    """Return a network of LSTM layers for the sequences of ``spec``."""
    return RecurrentNetwork(nn.LSTM, configuration, spec)
