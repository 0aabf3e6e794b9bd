import pytest

from kit.toy_data import TASKS, configuration, spec_of
from probecast.networks import ARCHITECTURES, constants
from probecast.training.cost import flops_per_example


def flops(architecture: str, **changes) -> float:
    whole = {**constants(architecture).get("DEFAULTS", {}), **configuration(**changes)}
    return flops_per_example(architecture, whole, spec_of(architecture))


@pytest.mark.parametrize("architecture", TASKS)
def test_flops_grow_with_the_network(architecture):
    base = flops(architecture)
    assert flops(architecture, neurons=64) > 2 * base
    assert flops(architecture, layers=3) > base


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_flops_depend_on_nothing_but_the_network(architecture):
    base = flops(architecture)
    assert base > 0
    assert flops(architecture, learning_rate=0.1, batch_size=64, optimizer="SGD") == base


def test_flops_of_an_lstm_are_those_of_its_products():
    """Forward, and twice as much backward, except towards the inputs of the first layer."""
    steps, features, width, values = 12, 2, 32, 4
    projection = features * width
    layer = 4 * width * (width + width)
    forward = steps * (projection + 2 * layer) + width * values
    assert flops("lstm") == 2 * (3 * forward - steps * projection)


def test_flops_of_a_recurrent_layer_agree_with_counting_it_step_by_step():
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    steps, width = 12, 32
    with torch.device("meta"):
        layers = nn.LSTM(width, width, num_layers=2, batch_first=True)
        inputs = torch.zeros(1, steps, width, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        layers(inputs)[0].sum().backward()
    # The head and the projection of the inputs come on top.
    others = 2 * (3 * width * 4 + 2 * steps * 2 * width)
    first_states = 2 * 2 * 4 * width * width  # no gradient flows to the state before step 1
    assert flops("lstm") == counter.get_total_flops() + others + first_states
