"""What training costs in floating-point operations: the currency that no machine distorts."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from probecast.data.spec import DataSpec
from probecast.networks import build_network, get_architecture
from probecast.networks.inputs import made_up_inputs
from probecast.networks.user import is_own

BATCH_SIZE = 2  # batch normalisation wants more than one

_counted: dict[tuple, float] = {}


def flops_per_example(architecture: str, configuration: dict[str, Any], spec: DataSpec) -> float:
    """Return the floating-point operations of training on one example, forward and backward.

    Matrix products and convolutions count, as in ``torch.utils.flop_counter``. A sequence
    counts with the dataset's full length, whatever its padding. A built-in network is built and
    run on the meta device, where nothing is computed; one of the user's own, of which that cannot
    be asked, on the CPU. Counts are kept for networks of the same size.
    """
    own = is_own(architecture)
    read = configuration if own else get_architecture(architecture).HYPERPARAMETERS
    sizes = tuple(sorted((name, configuration[name]) for name in read))
    shapes = (spec.input_kind, spec.input_shape, spec.vocabulary_size, spec.output_size)
    key = (architecture, sizes, shapes, spec.output_kind, spec.pretrained)
    if key not in _counted:
        count = _count_own if own else _count
        _counted[key] = count(architecture, configuration, spec)
    return _counted[key]


def _count(architecture: str, configuration: dict[str, Any], spec: DataSpec) -> float:
    with torch.device("meta"):
        network = build_network(architecture, configuration, spec)
        inputs, _ = made_up_inputs(spec, BATCH_SIZE)
    for module in network.modules():
        if isinstance(module, nn.RNNBase):
            module.forward = _AllStepsAtOnce(module)
    return _count_of_a_step(network, inputs, None)


def _count_own(architecture: str, configuration: dict[str, Any], spec: DataSpec) -> float:
    network = build_network(architecture, configuration, spec)
    # oneDNN's fused LSTM is one operation, which no counter knows.
    with torch.backends.mkldnn.flags(enabled=False, allow_tf32=None):
        return _count_of_a_step(network, *made_up_inputs(spec, BATCH_SIZE))


def _count_of_a_step(network: nn.Module, inputs: Tensor, lengths: Tensor | None) -> float:
    with FlopCounterMode(display=False) as counter:
        outputs = network(inputs, lengths)
        scores = outputs if isinstance(outputs, Tensor) else outputs[0]
        scores.sum().backward()
    return counter.get_total_flops() / BATCH_SIZE


class _AllStepsAtOnce:
    """Stands in for a recurrent layer's forward pass: its matrix products, over all steps at once.

    Counting them step by step takes over a second for a deep LSTM. Unlike in the real layer the
    gradient reaches the state before the first step: one step's product of one layer too many.
    """

    def __init__(self, module: nn.RNNBase) -> None:
        self.module = module

    def __call__(self, states: Tensor) -> tuple[Tensor, None]:
        for to_inputs, to_states, *_ in self.module.all_weights:  # (gates * D, D) each
            gates = states @ to_inputs.T
            gates = gates + gates[..., : self.module.hidden_size] @ to_states.T
            states = gates[..., : self.module.hidden_size]
        return states, None
