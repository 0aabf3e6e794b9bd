import numpy as np
import pytest

from probecast.learner.kernel import (
    APART,
    LIKELY,
    LOG_NOISE,
    alike,
    complete,
    learn_lengthscales,
    loss,
)


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


def tasks_on(decides, count=6, size=40, inputs=2):
    """Tasks whose last value is a function of what decides, and of nothing else."""
    generator = np.random.default_rng(0)
    found = []
    for _ in range(count):
        places, shift = generator.uniform(-1, 1, (size, inputs)), generator.uniform(-1, 1)
        values = np.sin(4 * (decides(places) + shift))
        found.append((places, values + generator.normal(0, 0.05, size)))
    return found


def test_what_decides_little_may_lie_far_apart():
    first, second = learn_lengthscales(tasks_on(lambda p: p[:, 0]), np.array([0, 1]))
    assert 3 * first < second
    # The other way round, too.
    first, second = learn_lengthscales(tasks_on(lambda p: p[:, 1]), np.array([0, 1]))
    assert 3 * second < first


def test_inputs_of_one_hyperparameter_share_a_lengthscale():
    tasks = tasks_on(lambda p: p[:, 1], inputs=3)
    found = learn_lengthscales(tasks, np.array([0, 1, 1]))
    assert found.shape == (2,)
    assert 3 * found[1] < found[0]


def test_in_units_of_a_range_that_a_task_does_not_have():
    """A task's values may be as large or small as they like."""
    tasks, groups = tasks_on(lambda p: p[:, 0]), np.array([0, 1])
    scaled = [(places, 1000 * values - 7) for places, values in tasks]
    assert learn_lengthscales(scaled, groups) == pytest.approx(
        learn_lengthscales(tasks, groups), rel=1e-3
    )


def test_where_nothing_is_told_lengthscales_are_as_expected():
    expected = pytest.approx(np.full(2, np.exp(LIKELY)))
    assert learn_lengthscales([], np.array([0, 1])) == expected
    dull = (np.random.default_rng(0).uniform(-1, 1, (20, 2)), np.full(20, 0.7))
    assert learn_lengthscales([dull], np.array([0, 1])) == expected
    assert learn_lengthscales([(np.zeros((3, 0)), np.arange(3.0))], np.array([], int)).size == 0


def test_few_trials_move_lengthscales_little():
    few, many = (
        learn_lengthscales(tasks_on(lambda p: p[:, 0], count, size), np.array([0, 1]))
        for count, size in ((1, 5), (6, 40))
    )
    assert np.abs(np.log(few) - LIKELY).max() < np.abs(np.log(many) - LIKELY).max()


def test_the_gradient_is_that_of_the_loss():
    tasks = tasks_on(lambda p: p[:, 0], count=3, size=12)
    squares = [np.moveaxis(((places[:, None] - places) / APART) ** 2, 2, 0) for places, _ in tasks]
    values = [value - value.mean() for _, value in tasks]
    at, step = np.array([-0.3, 0.8, -1.2]), 1e-5
    _, slope = loss(at, squares, values)
    for number, unit in enumerate(np.eye(3)):
        up, down = (loss(at + way * unit, squares, values)[0] for way in (step, -step))
        assert slope[number] == pytest.approx((up - down) / (2 * step), rel=1e-5)
