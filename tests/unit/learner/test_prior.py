import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probecast.learner import prior
from probecast.learner.prior import residuals, task_prior

KNOWN = np.zeros((1, 1, 1))  # every curve was tried


def made_of(sources, of_families, kernel, unknown=KNOWN, along=None, weights=None, noise=0.0):
    levels = sources.shape[2]
    along = np.eye(levels) if along is None else along
    weights = np.ones(len(sources)) if weights is None else np.array(weights)
    noise = np.broadcast_to(noise, len(sources))
    weights = weights / weights.sum()
    return task_prior(sources, weights, unknown, along, of_families, kernel, noise)


def curves(sources: int, configurations: int = 4, levels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, (sources, configurations, levels))


def families(count: int) -> list[str]:
    return [f"f{i}" for i in range(count)]


def test_an_expert_lies_between_what_is_common_and_its_source():
    sources = np.array([[[0.0]], [[1.0]]])
    made = made_of(sources, families(2), np.eye(1))
    assert made.means[:, 0, 0].tolist() == pytest.approx(
        [0.5 - prior.SHRINK / 2, 0.5 + prior.SHRINK / 2]
    )


def test_a_source_counts_as_often_as_its_weight_says():
    sources, kernel = curves(3), 0.5 + 0.5 * np.eye(4)
    weighted = made_of(sources, families(3), kernel, weights=[2, 1, 1])
    # Members of a family do not explain each other, so the copy changes no residual.
    copied = made_of(sources[[0, 0, 1, 2]], ["f0", "f0", "f1", "f2"], kernel)
    assert weighted.weights.tolist() == [0.5, 0.25, 0.25]
    assert weighted.means[0] == pytest.approx(copied.means[0])
    assert weighted.means[0] != pytest.approx(made_of(sources, families(3), kernel).means[0])


def test_measurements_are_as_noisy_as_on_the_sources_and_never_without_noise():
    assert made_of(curves(2), families(2), np.eye(4)).noise == prior.NOISE**2 > 0
    noisy = made_of(curves(2), families(2), np.eye(4), weights=[3, 1], noise=[0.1, 0.3])
    assert noisy.noise == pytest.approx(prior.NOISE**2 + 0.75 * 0.01 + 0.25 * 0.09)


def test_a_source_that_others_explain_leaves_little_residual():
    pattern = np.random.default_rng(0).normal(0, 1, (6, 3))
    alike = np.stack([0.5 + strength * pattern for strength in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)])
    unlike = curves(6, 6, 3) - 0.5
    left = np.abs(residuals(alike, families(6))).mean() / np.abs(alike - alike.mean(0)).mean()
    without = (
        np.abs(residuals(unlike, families(6))).mean() / np.abs(unlike - unlike.mean(0)).mean()
    )
    assert left < 0.8 * without


def test_members_of_a_family_do_not_explain_each_other():
    twins = np.repeat(curves(3), 2, axis=0)
    apart = residuals(twins, families(6))
    together = residuals(twins, ["a", "a", "b", "b", "c", "c"])
    assert np.abs(together).mean() > np.abs(apart).mean()
    assert residuals(twins, ["a"] * 6) == pytest.approx(prior.ALONE)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.integers(0, 99))
def test_the_covariance_is_one_and_its_parts_agree(sources, configurations, levels, seed):
    given_curves = curves(sources, configurations, levels, seed)
    distance = np.abs(np.subtract.outer(np.arange(configurations), np.arange(configurations)))
    made = made_of(given_curves, families(sources), np.exp(-(distance**2)))
    points = np.arange(configurations * levels)
    covariance = made.covariance(points)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    assert covariance.diagonal() == pytest.approx(made.variance().ravel())
    ends = points.reshape(configurations, levels)[:, -1]
    for row, end in enumerate(ends):
        own = covariance[end].reshape(configurations, levels)[row]
        assert own == pytest.approx(made.covariance_with_last()[row])


def test_few_sources_are_not_believed_that_beginnings_tell_the_end():
    alike_at_all_levels = np.repeat(curves(12, 30, 1), 3, axis=2)
    few = made_of(alike_at_all_levels[:2], families(2), np.eye(30)).levels[0, -1]
    many = made_of(alike_at_all_levels, families(12), np.eye(30)).levels[0, -1]
    assert prior.NEIGHBOURS**2 < few < 0.6 < many


def test_similarity_counts_only_as_far_as_the_residuals_bear_it_out():
    kernel = np.full((4, 4), 0.9) + 0.1 * np.eye(4)
    moving_together = 0.5 + 0.3 * np.random.default_rng(1).normal(0, 1, (8, 1, 1)) * np.ones(
        (8, 4, 2)
    )
    each_its_own = curves(8, 4, 2)
    together = made_of(moving_together, families(8), kernel).kernel[0, 1]
    apart = made_of(each_its_own, families(8), kernel).kernel[0, 1]
    assert together > 0.8
    assert apart < 0.4


def test_what_had_to_be_completed_is_less_sure():
    unknown = np.zeros((3, 4, 3))
    unknown[:, 0] = 0.3
    one, other = (made_of(curves(3), families(3), np.eye(4), u) for u in (KNOWN, unknown))
    assert other.variance()[0] - one.variance()[0] == pytest.approx(0.3)
    assert other.variance()[1:] == pytest.approx(one.variance()[1:])


def test_what_had_to_be_completed_goes_on_as_the_sources_curves_do():
    """However the sources' means go on: here what begins high ends low."""
    height = np.linspace(0, 1, 6)[:, None, None]
    crossing = np.concatenate([height, 1 - height], axis=2).repeat(4, axis=1)
    rising = np.array([[1.0, 0.9], [0.9, 1.0]])
    unknown = np.ones((6, 4, 2))
    known, completed = (
        made_of(crossing, families(6), np.eye(4), u, rising).levels[0, 1] for u in (KNOWN, unknown)
    )
    assert known < -0.2  # six sources
    assert completed > 0.5
