import numpy as np
import pytest
import torch

from probecast.learner.kernel import DistanceKernel, LearntKernel, alike


def learnt_kernel() -> LearntKernel:
    torch.manual_seed(0)
    return LearntKernel(5, width=8, features=2)


def test_the_kernel_is_one_at_home_and_falls_with_distance():
    places = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]], dtype=torch.float64)
    matrix = alike(places, places)
    assert matrix.diagonal().tolist() == pytest.approx([1, 1, 1])
    assert matrix[0].tolist() == pytest.approx([1, np.exp(-0.5), np.exp(-4.5)])


def test_completing_follows_what_is_alike_and_is_average_far_away():
    kernel = learnt_kernel()
    with torch.no_grad():
        kernel.log_noise.fill_(-12.0)
        kernel.embed[-1].weight *= 100
        known = torch.eye(2, 5, dtype=torch.float64)
        values = torch.tensor([[5.0, 7.0], [1.0, 1.0]], dtype=torch.float64)
        same, sure = kernel.complete(known, values, known)
        other, unsure = kernel.complete(
            known, values, torch.full((1, 5), -3.0, dtype=torch.float64)
        )
    assert torch.allclose(same, values, atol=1e-3)
    assert sure.tolist() == pytest.approx([0, 0], abs=1e-4)
    assert other[0].tolist() == pytest.approx([3, 4], abs=1e-3)
    assert unsure.tolist() == pytest.approx([1], abs=1e-3)


def test_plain_distances_heed_the_configuration_and_not_the_task():
    kernel = DistanceKernel(2)
    inputs = torch.tensor([[-1.0, 1.0, 7.0], [1.0, 1.0, -7.0]], dtype=torch.float64)
    assert kernel(inputs).tolist() == [[-0.5, 0.5], [0.5, 0.5]]
    assert not list(kernel.parameters())
    values = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    near, _ = kernel.complete(inputs, values, torch.tensor([[0.8, 1.0, 0.0]]).double())
    assert near.item() > 0.6
