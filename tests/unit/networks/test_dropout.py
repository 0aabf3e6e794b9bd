import pytest
import torch
from torch import nn

from probecast.networks.dropout import Dropout, with_fast_dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_drops_its_share_and_keeps_the_mean(rate, dtype):
    torch.manual_seed(0)
    inputs = torch.ones(200, 1001, dtype=dtype)  # 1001: the last draw is used in part
    outputs = Dropout(rate)(inputs).double()
    error = (rate * (1 - rate) / inputs.numel()) ** 0.5
    assert abs((outputs == 0).double().mean() - rate) < 4 * error
    assert outputs.unique().tolist() == pytest.approx([0, 1 / (1 - rate)], rel=4e-3)
    assert outputs.mean() == pytest.approx(1, rel=1e-2)


def test_elements_are_dropped_independently():
    torch.manual_seed(0)
    kept = (Dropout(0.5)(torch.ones(40_000)) > 0).double() - 0.5
    for distance in (1, 2, 3, 4, 8):  # four elements share a draw
        correlation = (kept[:-distance] * kept[distance:]).mean() / 0.25
        assert abs(correlation) < 4 / len(kept) ** 0.5


def test_the_same_seed_drops_the_same_elements():
    dropout, inputs = Dropout(0.3), torch.randn(7, 9)
    torch.manual_seed(1)
    first = dropout(inputs)
    torch.manual_seed(1)
    assert torch.equal(first, dropout(inputs))
    assert not torch.equal(first, dropout(inputs))


def test_all_or_nothing():
    inputs = torch.randn(3, 5)
    assert torch.equal(Dropout(0.0)(inputs), inputs)
    assert torch.equal(Dropout(1.0)(inputs), torch.zeros(3, 5))
    assert torch.equal(Dropout(0.5).eval()(inputs), inputs)


def test_gradient_flows_through_what_was_kept():
    inputs = torch.randn(50, requires_grad=True)
    outputs = Dropout(0.5)(inputs)
    outputs.sum().backward()
    assert torch.equal(inputs.grad != 0, outputs != 0)


def test_memory_layout_is_kept():
    maps = torch.randn(2, 8, 5, 5).contiguous(memory_format=torch.channels_last)
    assert Dropout(0.5)(maps).is_contiguous(memory_format=torch.channels_last)
    view = torch.randn(4, 6).T[::2]  # not dense
    assert Dropout(0.5)(view).shape == (3, 4)


def test_every_dropout_of_a_network_is_replaced():
    network = nn.Sequential(nn.Linear(2, 2), nn.ModuleList([nn.Dropout(0.3)]))
    with_fast_dropout(network)
    assert type(network[1][0]) is Dropout
    assert network[1][0].p == 0.3
