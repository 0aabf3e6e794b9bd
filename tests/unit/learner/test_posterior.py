import numpy as np
import pytest

from probecast.learner.posterior import FREEDOM, Posterior, Scales
from probecast.learner.prior import Prior

ONE_SCALE = Scales(np.array([0.0]), np.array([1.0]), np.array([0.0]))


def prior(means, residual=0.2, correlation=0.5, kernel=None, noise=1e-4, weights=None) -> Prior:
    """No low-rank part; all levels correlate equally, all experts are as likely unless said."""
    means = np.array(means, dtype=float)
    experts, rows, levels = means.shape
    weights = np.full(experts, 1 / experts) if weights is None else np.array(weights)
    between = np.full((levels, levels), correlation) + (1 - correlation) * np.eye(levels)
    kernel = np.eye(rows) if kernel is None else kernel
    return Prior(
        means,
        weights,
        np.zeros((rows, levels, 1)),
        np.full((rows, levels), residual),
        between,
        kernel,
        noise,
    )


def test_one_component_by_hand():
    belief = Posterior(prior([[[0.4, 0.6]]], residual=1.0, noise=1.0), ONE_SCALE)
    belief.observe(np.array([0]), np.array([1.4]))
    # Gain: covariance over variance of the measurement, .5 / 2 and 1 / 2.
    assert belief.mean[0] == pytest.approx([0.4 + 1 / 2, 0.6 + 0.5 / 2])
    spread = (FREEDOM + 1 / 2) / (FREEDOM + 1)
    assert belief.variance[0] == pytest.approx([spread * (1 - 1 / 2), spread * (1 - 0.25 / 2)])
    assert belief.with_last[0, 1] == pytest.approx(belief.variance[0, 1])


def test_one_by_one_or_together_is_the_same():
    means = np.random.default_rng(0).uniform(0, 1, (3, 4, 3))
    kernel = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    points, values = np.array([0, 1, 5, 9]), np.array([0.2, 0.5, 0.4, 0.9])
    scales = Scales(np.array([0.0, 0.1]), np.array([1.0, 0.5]), np.zeros(2))
    one, all_ = (Posterior(prior(means, kernel=kernel), scales) for _ in range(2))
    for point, value in zip(points, values, strict=True):
        one.observe(np.array([point]), np.array([value]))
    all_.observe(points, values)
    assert one.mean == pytest.approx(all_.mean)
    assert one.variance == pytest.approx(all_.variance)
    assert one.covariance(np.array([2])) == pytest.approx(all_.covariance(np.array([2])))


def test_before_any_probe_experts_count_by_their_weight():
    belief = Posterior(prior([[[0.9]], [[0.1]]], weights=[0.75, 0.25]), ONE_SCALE)
    assert belief.mean[0, 0] == pytest.approx(0.75 * 0.9 + 0.25 * 0.1)


def test_the_expert_that_foresaw_the_probe_is_believed():
    belief = Posterior(prior([[[0.9], [0.1]], [[0.1], [0.9]]]), ONE_SCALE)
    assert belief.mean[:, -1] == pytest.approx([0.5, 0.5])
    belief.observe(np.array([0]), np.array([0.1]))
    assert belief.mean[1, -1] > 0.75


def test_the_scale_is_learnt_from_the_probes():
    scales = Scales.of([0.0, 0.0], [0.5, 1.0], floor=0.0, ceiling=1.0)
    assert scales.range[scales.offset == 0].max() <= 1
    belief = Posterior(prior([[[1.0], [0.5]]], residual=0.02), scales)
    before = belief.expected_range
    belief.observe(np.array([0]), np.array([0.5]))
    assert belief.expected_range < before
    assert belief.mean[1, 0] == pytest.approx(0.25, abs=0.04)


def test_a_floor_that_nothing_beats_is_noticed():
    scales = Scales.of([0.0], [0.5], floor=0.0, ceiling=1.0)
    belief = Posterior(prior([[[1.0], [0.8], [0.2]]], residual=0.1), scales)
    assert (belief.mean[:, 0] > 0).all()
    belief.observe(np.array([1]), np.array([-0.2]))
    belief.observe(np.array([2]), np.array([-0.8]))
    assert belief.mean[:, 0] == pytest.approx([0, -0.2, -0.8], abs=0.1)


def test_without_a_floor_the_offset_is_one_of_the_sources():
    scales = Scales.of([-3.0, -1.0], [1.0, 2.0], floor=None, ceiling=None)
    assert set(scales.offset) == {-3.0, -1.0}
    assert scales.range.min() < 1 < 2 < scales.range.max()


def test_surprises_widen_the_belief_and_confirmations_narrow_it():
    def end_after(value: float) -> float:
        belief = Posterior(prior([[[0.5, 0.5], [0.5, 0.5]]]), ONE_SCALE)
        belief.observe(np.array([0]), np.array([value]))
        return belief.variance[1, 1]

    assert end_after(2.5) > 1.5 * end_after(0.5)


def test_divergence_is_as_bad_as_can_be_for_all_that_are_alike():
    kernel = np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1.0]])
    belief = Posterior(prior([[[0.6]] * 3], kernel=kernel), ONE_SCALE)
    belief.observe(np.array([0]), np.array([np.nan]))
    assert belief.mean[0, 0] == pytest.approx(-0.2, abs=0.01)
    assert belief.mean[1, 0] < 0
    assert belief.mean[2, 0] == pytest.approx(0.6)


def test_draws_have_the_moments_of_the_belief():
    kernel = np.array([[1, 0.8], [0.8, 1]])
    belief = Posterior(prior([[[0.2], [0.6]], [[0.4], [0.3]]], kernel=kernel), ONE_SCALE)
    belief.observe(np.array([0]), np.array([0.3]))
    draws = belief.draw_ends(200_000, np.random.default_rng(0))
    freedom = FREEDOM + 1
    assert draws.mean(axis=0) == pytest.approx(belief.mean[:, 0], abs=0.002)
    within = belief.variance[:, 0]
    # A Student-t is wider than its scale by freedom / (freedom - 2); mixtures lie between.
    assert (draws.var(axis=0) > 0.97 * within).all()
    assert (draws.var(axis=0) < 1.03 * within * freedom / (freedom - 2)).all()
