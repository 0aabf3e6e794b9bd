"""A long short-term memory network (Hochreiter and Schmidhuber, 1997)."""

from functools import partial

from torch import nn

from probecast.networks.rnn import RecurrentNetwork

INPUT_KINDS = frozenset({"tokens", "vectors", "image"})
OUTPUT_KINDS = frozenset({"classes", "values"})
HYPERPARAMETERS = frozenset({"layers", "neurons", "dropout"})

build = partial(RecurrentNetwork, nn.LSTM)
