import numpy as np
import pytest

from probecast.learner.kernel import APART, LOG_NOISE, alike, complete


def test_the_kernel_is_one_at_home_and_falls_with_distance():
    places = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
    matrix = alike(places, places)
    assert matrix.diagonal().tolist() == pytest.approx([1, 1, 1])
    assert matrix[0].tolist() == pytest.approx([1, np.exp(-0.5), np.exp(-4.5)])


def test_completing_follows_what_is_alike_and_is_average_far_away():
    known = 100 * np.eye(2, 5)
    values = np.array([[5.0, 7.0], [1.0, 1.0]])
    # A reading's noise draws what has been tried towards the mean.
    kept = 1 / (1 + np.exp(LOG_NOISE))
    same, sure = complete(known, values, known)
    np.testing.assert_allclose(same, [3, 4] + kept * (values - [3, 4]), atol=1e-9)
    assert sure.tolist() == pytest.approx([1 - kept, 1 - kept])
    other, unsure = complete(known, values, np.full((1, 5), -300.0))
    assert other[0].tolist() == pytest.approx([3, 4])
    assert unsure.tolist() == pytest.approx([1])


def test_the_ends_of_a_range_are_one_apart():
    inputs, values = np.array([[-1.0, 1.0], [1.0, 1.0]]), np.array([[0.0], [1.0]])
    assert np.ptp(inputs) == APART
    near, _ = complete(inputs, values, np.array([[0.8, 1.0]]))
    assert near.item() > 0.6
