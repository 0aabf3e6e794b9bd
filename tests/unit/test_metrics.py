import math

import pytest
import torch

from probecast.errors import ProbecastError
from probecast.metrics import METRICS, collapse, get_metric
from probecast.training.losses import LOSSES


def one_hot_scores(paths: list[list[int]], characters: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(paths), characters).float()


def test_accuracy_counts_hits():
    outputs = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    batch = {"targets": torch.tensor([1, 1, 1])}
    assert METRICS["accuracy"].compute(outputs, batch, []) == (2, 3)


def test_mse_adds_squares_over_all_values():
    outputs = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    batch = {"targets": torch.tensor([[1.0, 0.0], [0.0, 4.0]])}
    assert METRICS["mse"].compute(outputs, batch, []) == (4.0 + 9.0, 4)


def test_mae_adds_distances_over_all_values():
    outputs = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    batch = {"targets": torch.tensor([[1.0, 0.0], [0.0, 4.0]])}
    assert METRICS["mae"].compute(outputs, batch, []) == (2.0 + 3.0, 4)


def test_wer_adds_word_errors_over_all_words():
    vocabulary = ["[BLANK]", " ", "A", "B"]
    paths = [
        [2, 2, 0, 2, 1, 3, 0],  # "AA B", spoken "AA B": right
        [3, 0, 3, 3, 3, 3, 3],  # "BB" in 2 steps (the rest is padding), spoken "B A": 2 errors
    ]
    batch = {
        "targets": torch.tensor([[2, 2, 1, 3], [3, 1, 2, 0]]),
        "target_lengths": torch.tensor([4, 3]),
    }
    outputs = (one_hot_scores(paths, 4), torch.tensor([7, 3]))
    assert METRICS["wer"].compute(outputs, batch, vocabulary) == (2, 4)
    assert METRICS["cer"].compute(outputs, batch, vocabulary) == (2, 7)  # "BB" for "B A"


def test_a_ctc_path_loses_repetitions_then_blanks():
    assert collapse([0, 3, 3, 0, 3, 5, 5, 0]) == [3, 3, 5]
    assert collapse([0, 0]) == []


def test_ctc_is_the_negative_logarithm_of_the_probability_of_all_paths():
    """Two steps, uniform over 3 characters: of 9 paths, "A", "A blank" and "blank A" spell A."""
    outputs = (torch.zeros(1, 2, 3), torch.tensor([2]))
    batch = {"targets": torch.tensor([[2]]), "target_lengths": torch.tensor([1])}
    assert LOSSES["characters"](outputs, batch).item() == pytest.approx(math.log(9 / 3))


def test_an_utterance_too_short_for_its_text_leaves_the_loss_finite():
    outputs = (torch.zeros(1, 2, 3), torch.tensor([2]))
    batch = {"targets": torch.tensor([[1, 2, 1]]), "target_lengths": torch.tensor([3])}
    assert LOSSES["characters"](outputs, batch).item() == 0.0


def test_an_unknown_metric_is_met_with_the_nearest_name():
    with pytest.raises(ProbecastError, match="Did you mean 'accuracy'"):
        get_metric("acuracy")
