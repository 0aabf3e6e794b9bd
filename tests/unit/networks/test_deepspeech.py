import torch

from kit.toy_data import SPECS, configuration
from probecast.networks.deepspeech import build, reversing_order


def test_each_utterance_is_reversed_within_its_own_length():
    order = reversing_order(torch.tensor([4, 2]), steps=4)
    assert order.tolist() == [[3, 2, 1, 0], [1, 0, 2, 3]]


def test_what_follows_an_utterance_changes_nothing():
    """Neither the batch's length nor what stands in the padding, although one layer reads back."""
    torch.manual_seed(0)
    network = build(configuration(layers=3), SPECS["speech"]).eval()
    utterance = torch.randn(1, 13, 5)
    padded = torch.cat([utterance, 100 * torch.ones(1, 9, 5)], dim=1)
    with torch.inference_mode():
        alone, _ = network(utterance)
        among_longer, lengths = network(padded, torch.tensor([13]))
    assert lengths.tolist() == [7]  # 13 frames, two per step
    assert among_longer.shape == (1, 11, 4)
    torch.testing.assert_close(among_longer[:, :7], alone)
