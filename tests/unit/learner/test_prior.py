from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probecast.learner.curves import delay
from probecast.learner.prior import ALONE, Evidence, Prior, residuals, task_prior
from probecast.learner.strengths import EXPECTED

UNSMOOTHED = replace(EXPECTED, smoothing=1e-9)


def evidence(said, of_families=None, kernel=None, **changes) -> Evidence:
    """Every curve was tried, all sources are as much like the target, nothing is rough."""
    count, rows, levels = said.shape
    given_ = Evidence(
        said,
        np.zeros(said.shape),
        delay(np.arange(1, levels + 1)),
        np.eye(levels),
        families(count) if of_families is None else of_families,
        np.arange(count),
        np.zeros(count),
        np.zeros(count, dtype=bool),
        np.zeros(count),
        np.eye(rows) if kernel is None else kernel,
        np.zeros((rows, levels)),
    )
    return replace(given_, **changes)


def made_of(*arguments, strengths=EXPECTED, **changes) -> Prior:
    return task_prior(evidence(*arguments, **changes), strengths)


def curves(sources: int, configurations: int = 4, levels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, (sources, configurations, levels))


def families(count: int) -> list[str]:
    return [f"f{i}" for i in range(count)]


def line(count: int, width: float) -> np.ndarray:
    """A kernel of configurations on a line."""
    apart = np.subtract.outer(np.arange(count), np.arange(count)) / width
    return np.exp(-0.5 * apart**2)


@pytest.mark.parametrize(("shrink", "share"), [(1.0, 1 / 2), (3.0, 3 / 4)])
def test_an_expert_lies_between_what_is_common_and_its_source(shrink, share):
    sources = np.array([[[0.0]], [[1.0]]])
    made = made_of(sources, strengths=replace(EXPECTED, shrink=shrink))
    assert made.means[:2, 0, 0].tolist() == pytest.approx([0.5 - share / 2, 0.5 + share / 2])


def test_a_source_of_the_targets_architecture_counts_as_many_others():
    own = np.array([False, True, False])
    weights = evidence(curves(3), own=own).weights(replace(EXPECTED, kindred=4.0))
    assert weights.tolist() == pytest.approx([1 / 6, 4 / 6, 1 / 6])


def test_a_source_unlike_the_target_counts_less_as_its_likeness_says():
    unlike = evidence(curves(3), unlike=np.array([0.0, 1.0, 2.0]))
    weights = unlike.weights(replace(EXPECTED, likeness=np.log(2.0)))
    assert weights.tolist() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert unlike.weights(replace(EXPECTED, likeness=1e-9)) == pytest.approx(np.full(3, 1 / 3))


def test_a_source_counts_as_often_as_its_weight_says():
    sources, kernel = curves(3), 0.5 + 0.5 * np.eye(4)
    own, twice = np.array([True, False, False]), replace(UNSMOOTHED, kindred=2.0)
    weighted = made_of(sources, None, kernel, own=own, strengths=twice)
    # Members of a family do not explain each other, so the copy changes no residual.
    copied = made_of(sources[[0, 0, 1, 2]], ["f0", "f0", "f1", "f2"], kernel, strengths=UNSMOOTHED)
    equal = made_of(sources, None, kernel, strengths=UNSMOOTHED)
    assert weighted.weights[:3] * (1 + UNSMOOTHED.late) == pytest.approx([0.5, 0.25, 0.25])
    assert weighted.means[0] == pytest.approx(copied.means[0])
    assert weighted.means[0] != pytest.approx(equal.means[0])


def test_the_task_may_learn_later_than_each_source_but_as_much():
    made = made_of(curves(2), strengths=replace(EXPECTED, late=1 / 3))
    assert made.weights == pytest.approx([3 / 8, 3 / 8, 1 / 8, 1 / 8])
    in_time, late = np.split(made.means, 2)
    assert late[..., -1] == pytest.approx(in_time[..., -1])
    assert late[..., 0] == pytest.approx(0)


def test_a_measurement_is_as_noisy_as_it_is_rough_there_and_never_without_noise():
    rough = np.array([[0.04, 0.01], [0.0, 0.09]])
    strengths = replace(EXPECTED, noise=2.0, floor=0.1)
    made = made_of(curves(2, 2, 2), rough=rough, strengths=strengths)
    assert made.noise == pytest.approx(0.01 + 4 * rough)
    assert made.noise.min() > 0


def test_what_is_said_of_some_configurations_is_what_was_said_of_them():
    all_ = evidence(
        curves(3, 5, 2), None, line(5, 2.0), rough=curves(1, 5, 2)[0], unknown=curves(3, 5, 2)
    )
    some = all_.of(np.array([3, 1]))
    assert (some.curves == all_.curves[:, [3, 1]]).all()
    assert (some.unknown == all_.unknown[:, [3, 1]]).all()
    assert (some.rough == all_.rough[[3, 1]]).all()
    assert some.kernel.tolist() == [[1, all_.kernel[3, 1]], [all_.kernel[1, 3], 1]]


@given(st.integers(2, 6), st.integers(1, 4), st.floats(0.01, 100), st.integers(0, 99))
def test_residuals_are_those_of_a_ridge_regression(sources, configurations, ridge, seed):
    """Around the mean of the other families, worked out anew here."""
    given_curves, of_families = curves(sources, configurations, 2, seed), [*"abbcca"][:sources]
    flat, found = given_curves.reshape(sources, -1), np.zeros((sources, configurations * 2))
    for row, family in enumerate(of_families):
        others = flat[[other != family for other in of_families]]
        basis, target = others - others.mean(axis=0), flat[row] - others.mean(axis=0)
        gram = basis @ basis.T
        penalty = ridge * np.trace(gram) / len(others) ** 2 + 1e-9
        weights = np.linalg.solve(gram + penalty * np.eye(len(others)), basis @ target)
        found[row] = target - weights @ basis
    left = residuals(given_curves, of_families, ridge)
    assert left.reshape(sources, -1) == pytest.approx(found, abs=1e-7)


def test_a_source_that_others_explain_leaves_little_residual():
    pattern = np.random.default_rng(0).normal(0, 1, (6, 3))
    alike = np.stack([0.5 + strength * pattern for strength in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)])
    unlike = curves(6, 6, 3) - 0.5

    def share_left(sources):
        left = np.abs(residuals(sources, families(6), ridge=1.0)).mean()
        return left / np.abs(sources - sources.mean(axis=0)).mean()

    assert share_left(alike) < 0.8 * share_left(unlike)


def test_members_of_a_family_do_not_explain_each_other():
    twins = np.repeat(curves(3), 2, axis=0)
    apart = residuals(twins, families(6), 1.0)
    together = residuals(twins, ["a", "a", "b", "b", "c", "c"], 1.0)
    assert np.abs(together).mean() > np.abs(apart).mean()
    assert residuals(twins, ["a"] * 6, 1.0) == pytest.approx(ALONE)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.integers(0, 99))
def test_the_covariance_is_one_and_its_parts_agree(sources, configurations, levels, seed):
    given_curves = curves(sources, configurations, levels, seed)
    made = made_of(given_curves, None, line(configurations, 1.0))
    points = np.arange(configurations * levels)
    covariance = made.covariance(points)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    assert covariance.diagonal() == pytest.approx(made.variance().ravel())
    some = points[::2]
    assert made.between(some) == pytest.approx(covariance[np.ix_(some, some)])
    ends = points.reshape(configurations, levels)[:, -1]
    for row, end in enumerate(ends):
        own = covariance[end].reshape(configurations, levels)[row]
        assert own == pytest.approx(made.covariance_with_last()[row])


def test_stronger_parts_widen_the_belief_by_what_they_are():
    sources, size = curves(6, 5, 2), np.array([1.0, 2.0])
    one, two = (
        made_of(sources, None, line(5, 1.0), strengths=replace(EXPECTED, residual=r)) for r in size
    )
    assert two.residual == pytest.approx(2 * one.residual)
    assert two.factors == pytest.approx(one.factors)
    three, four = (made_of(sources, strengths=replace(EXPECTED, differences=d)) for d in size)
    assert four.factors == pytest.approx(2 * three.factors)
    assert four.residual == pytest.approx(three.residual)


def test_the_common_mean_of_few_is_drawn_to_what_like_configurations_have():
    """Of many it is left alone: theirs is no luck."""
    truth = np.linspace(0, 1, 8)
    luck = np.random.default_rng(1).normal(0, 0.4, (400, 8))
    kernel = line(8, 2.0)

    def drawn(count):
        """By how much the mean is moved, and how far it is from the truth before and after."""
        sources = (truth + luck[:count])[:, :, None]
        plain, smooth = (
            made_of(sources, None, kernel, strengths=replace(EXPECTED, smoothing=s)).means.mean(0)
            for s in (1e-9, 1.0)
        )
        before, after = (np.square(mean[:, 0] - truth).mean() for mean in (plain, smooth))
        return np.abs(smooth - plain).max(), before, after

    few, before, after = drawn(3)
    many, _, _ = drawn(400)
    assert many < 0.02 < 0.05 < few
    assert after < 0.8 * before


def test_a_configuration_like_no_other_is_drawn_to_the_mean_of_all():
    truth = np.linspace(0, 1, 8)
    sources = (truth + np.random.default_rng(1).normal(0, 0.4, (3, 8)))[:, :, None]
    plain = sources.mean(axis=0)[:, 0]
    smooth = made_of(sources, strengths=replace(EXPECTED, smoothing=1.0)).means.mean(axis=0)[:, 0]
    share = (smooth - plain.mean()) / (plain - plain.mean())
    assert share == pytest.approx(np.full(8, share[0]))
    assert 0 < share[0] < 1


def test_few_sources_are_not_believed_that_beginnings_tell_the_end():
    alike_at_all_levels = np.repeat(curves(12, 30, 1), 3, axis=2)
    few = made_of(alike_at_all_levels[:2]).levels[0, -1]
    many = made_of(alike_at_all_levels).levels[0, -1]
    neighbours = EXPECTED.neighbours / (1 + EXPECTED.neighbours)
    assert neighbours**2 * (1 - EXPECTED.independent) < few < many
    doubted = made_of(alike_at_all_levels, strengths=replace(EXPECTED, few=1e3)).levels[0, -1]
    assert doubted == pytest.approx(neighbours**2, abs=0.03)


def test_a_level_has_a_part_of_its_own():
    alike_at_all_levels = np.repeat(curves(12, 30, 1), 3, axis=2)
    sure = replace(EXPECTED, few=1e-6, independent=0.25)
    made = made_of(alike_at_all_levels, strengths=sure)
    assert made.levels == pytest.approx(0.75 + 0.25 * np.eye(3), abs=1e-4)
    # More than all of it cannot be its own, wherever a search for the strengths may look.
    alone = made_of(alike_at_all_levels, strengths=replace(EXPECTED, independent=5.0))
    assert alone.levels == pytest.approx(np.eye(3))


def test_similarity_counts_only_as_far_as_the_residuals_bear_it_out():
    kernel = np.full((4, 4), 0.9) + 0.1 * np.eye(4)
    moving_together = 0.5 + 0.3 * np.random.default_rng(1).normal(0, 1, (8, 1, 1)) * np.ones(
        (8, 4, 2)
    )
    assert made_of(moving_together, None, kernel).kernel[0, 1] > 0.8
    assert made_of(curves(8, 4, 2), None, kernel).kernel[0, 1] < 0.4


def test_what_had_to_be_completed_is_less_sure():
    unknown = np.zeros((3, 4, 3))
    unknown[:, 0] = 0.3
    one, other = made_of(curves(3)), made_of(curves(3), unknown=unknown)
    assert other.variance()[0] - one.variance()[0] == pytest.approx(0.3)
    assert other.variance()[1:] == pytest.approx(one.variance()[1:])


def test_what_had_to_be_completed_goes_on_as_the_sources_curves_do():
    """However the sources' means go on: here what begins high ends low."""
    height = np.linspace(0, 1, 6)[:, None, None]
    crossing = np.concatenate([height, 1 - height], axis=2).repeat(4, axis=1)
    rising = np.array([[1.0, 0.9], [0.9, 1.0]])
    known = made_of(crossing, along=rising).levels[0, 1]
    completed = made_of(crossing, along=rising, unknown=np.ones((6, 4, 2))).levels[0, 1]
    assert known < 0 < 0.5 < completed


def test_two_footings_of_a_source_share_its_weight_and_count_as_one():
    met = evidence(
        curves(3), ["a", "a", "b"], sources=np.array([0, 0, 1]), odds=np.array([-1, 1, 0])
    )
    assert met.weights(replace(EXPECTED, steps=1.0)) == pytest.approx([0.25, 0.25, 0.5])
    assert met.weights(replace(EXPECTED, steps=3.0)) == pytest.approx([0.125, 0.375, 0.5])
    alone = met.weights(replace(EXPECTED, steps=1e-9))
    assert alone == pytest.approx([0.5, 0.0, 0.5], abs=1e-6)


def test_a_single_source_on_two_footings_makes_a_sound_prior():
    prior = made_of(curves(2), ["a", "a"], sources=np.array([0, 0]), odds=np.array([-1, 1]))
    assert np.isfinite(prior.factors).all()
    assert np.abs(prior.factors).max() < 2
