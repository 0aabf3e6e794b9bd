from collections.abc import Iterator

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_t

from probecast.learner.curves import WORST
from probecast.learner.posterior import FREEDOM, Posterior, Scales, log_density
from probecast.learner.prior import Prior

ONE_SCALE = Scales(np.array([0.0]), np.array([1.0]), np.array([0.0]))
THREE_SCALES = Scales(
    np.array([0.0, 0.1, -0.1]), np.array([1.0, 0.7, 1.3]), np.log([0.5, 0.3, 0.2])
)
POINTS, VALUES = np.array([0, 1, 5, 9]), np.array([0.2, 0.5, 0.4, 0.9])


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
        np.full((rows, levels), noise),
    )


def any_prior() -> Prior:
    """Two experts, four configurations, three levels, and nothing in it that is simple."""
    generator = np.random.default_rng(0)
    apart = np.subtract.outer(np.arange(4), np.arange(4))
    return Prior(
        generator.uniform(0.2, 0.8, (2, 4, 3)),
        np.array([0.6, 0.4]),
        generator.normal(0, 0.2, (4, 3, 2)),
        generator.uniform(0.1, 0.3, (4, 3)),
        np.array([[1, 0.6, 0.3], [0.6, 1, 0.5], [0.3, 0.5, 1]]),
        np.exp(-0.5 * apart**2),
        generator.uniform(0.001, 0.02, (4, 3)),
    )


def components(prior: Prior, scales: Scales) -> Iterator[tuple[float, float, float, np.ndarray]]:
    """Every component's weight, offset, range and mean, one after the other."""
    for weight, mean in zip(prior.weights, prior.means, strict=True):
        for offset, size, log in zip(scales.offset, scales.range, scales.log_weight, strict=True):
            yield weight * np.exp(log), offset, size, mean.ravel()


def density(prior: Prior, scales: Scales, points: np.ndarray, values: np.ndarray) -> float:
    """ln p of values, as a mixture of multivariate Student-t densities."""
    covariance = prior.covariance(points)[:, points] + np.diag(prior.noise.ravel()[points])
    return logsumexp(
        [
            np.log(weight)
            + multivariate_t(offset + size * mean[points], size**2 * covariance, FREEDOM).logpdf(
                values
            )
            for weight, offset, size, mean in components(prior, scales)
        ]
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
    one, all_ = (Posterior(any_prior(), THREE_SCALES) for _ in range(2))
    for point, value in zip(POINTS, VALUES, strict=True):
        one.observe(np.array([point]), np.array([value]))
    all_.observe(POINTS, VALUES)
    assert one.mean == pytest.approx(all_.mean)
    assert one.variance == pytest.approx(all_.variance)
    assert one.covariance(np.array([2])) == pytest.approx(all_.covariance(np.array([2])))


def test_the_moments_are_those_of_all_components_together():
    before, belief = any_prior(), Posterior(any_prior(), THREE_SCALES)
    belief.observe(POINTS, VALUES)
    covariance = before.covariance(np.arange(12))
    noisy = covariance[np.ix_(POINTS, POINTS)] + np.diag(before.noise.ravel()[POINTS])
    gain = covariance[:, POINTS] @ np.linalg.inv(noisy)
    left = covariance - gain @ covariance[POINTS]
    weights, means, sizes = [], [], []
    for weight, offset, size, mean in components(before, THREE_SCALES):
        known = multivariate_t(offset + size * mean[POINTS], size**2 * noisy, FREEDOM)
        weights.append(weight * known.pdf(VALUES))
        surprise = (VALUES - offset) / size - mean[POINTS]
        means.append(offset + size * (mean + gain @ surprise))
        spread = FREEDOM + surprise @ np.linalg.solve(noisy, surprise)
        sizes.append(size**2 * spread / (FREEDOM + len(POINTS)))
    weights, means = np.array(weights) / np.sum(weights), np.array(means)
    assert len(belief.weight) == len(weights)  # none is negligible
    mean, apart = weights @ means, means - weights @ means
    expected = weights @ sizes * left + apart.T @ (weights[:, None] * apart)
    assert belief.mean.ravel() == pytest.approx(mean)
    assert belief.variance.ravel() == pytest.approx(expected.diagonal())
    assert belief.covariance(np.arange(12)).reshape(12, 12) == pytest.approx(expected, abs=1e-9)
    ends = expected.reshape(4, 3, 4, 3)[np.arange(4), :, np.arange(4), -1]
    assert belief.with_last == pytest.approx(ends)
    assert belief.noise == pytest.approx(weights @ sizes * before.noise)
    sizes_of_tasks = [size for _, _, size, _ in components(before, THREE_SCALES)]
    assert belief.expected_range == pytest.approx(weights @ sizes_of_tasks)


def test_the_likelihood_is_that_of_all_components_together():
    expected = density(any_prior(), THREE_SCALES, POINTS, VALUES)
    assert log_density(any_prior(), THREE_SCALES, POINTS, VALUES, 0) == pytest.approx(expected)
    known = density(any_prior(), THREE_SCALES, POINTS[:2], VALUES[:2])
    given = log_density(any_prior(), THREE_SCALES, POINTS, VALUES, 2)
    assert given == pytest.approx(expected - known)


def test_the_likelihood_is_the_product_of_what_one_after_the_other_had():
    parts = [
        log_density(any_prior(), THREE_SCALES, POINTS[: n + 1], VALUES[: n + 1], n)
        for n in range(len(POINTS))
    ]
    all_ = log_density(any_prior(), THREE_SCALES, POINTS, VALUES, 0)
    assert sum(parts) == pytest.approx(all_)


def test_the_likelihood_asks_not_how_far_below_the_worst_a_value_lies():
    points = np.array([0, 4])

    def given(value):
        return log_density(any_prior(), ONE_SCALE, points, np.array([0.4, value]), 1)

    assert given(-5.0) == given(np.nan) == pytest.approx(given(WORST))
    assert given(-5.0) < given(0.5)


def test_the_belief_is_the_one_under_which_the_likelihood_is_reckoned():
    """The most likely value of a point is where its belief is centred."""
    before = prior([[[0.4, 0.6], [0.5, 0.9]]], kernel=np.array([[1, 0.8], [0.8, 1]]))
    belief = Posterior(before, ONE_SCALE)
    belief.observe(np.array([0]), np.array([0.7]))
    values = np.linspace(0, 1.5, 301)
    likely = [
        log_density(before, ONE_SCALE, np.array([0, 3]), np.array([0.7, value]), 1)
        for value in values
    ]
    assert values[np.argmax(likely)] == pytest.approx(belief.mean[1, 1], abs=0.005)


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
    draws = belief.draw(np.arange(2), 200_000, np.random.default_rng(0))
    freedom = FREEDOM + 1
    assert draws.mean(axis=0) == pytest.approx(belief.mean[:, 0], abs=0.002)
    within = belief.variance[:, 0]
    # A Student-t is wider than its scale by freedom / (freedom - 2); mixtures lie between.
    assert (draws.var(axis=0) > 0.97 * within).all()
    assert (draws.var(axis=0) < 1.03 * within * freedom / (freedom - 2)).all()
    alone = belief.draw(np.array([1]), 200_000, np.random.default_rng(1))
    assert alone.mean() == pytest.approx(belief.mean[1, 0], abs=0.002)


def test_what_is_drawn_together_is_as_alike_as_it_is_believed_to_be():
    belief = Posterior(
        prior([[[0.2, 0.4], [0.6, 0.3]]], kernel=np.array([[1, 0.9], [0.9, 1]])), ONE_SCALE
    )
    draws = belief.draw(np.array([3, 1, 2]), 100_000, np.random.default_rng(0))
    assert np.corrcoef(draws.T)[0] == pytest.approx([1, 0.9, 0.5], abs=0.01)
