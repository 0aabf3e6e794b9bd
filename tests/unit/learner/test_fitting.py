"""Strengths are learnt from simulated sources, each played against the others."""

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest

from probecast.learner.curves import delay
from probecast.learner.fitting import BEGUN, UNBEGUN, Play, draws_of, fit_strengths
from probecast.learner.posterior import Scales, log_density
from probecast.learner.prior import Evidence, task_prior
from probecast.learner.strengths import DEVIATION, EXPECTED, Strengths

CONFIGURATIONS, LEVELS = 20, 3
SCALES = Scales(np.array([0.0]), np.array([1.0]), np.array([0.0]))


def simulated(count: int, of_their_own: float, noise: float, seed: int = 0) -> np.ndarray:
    """Curves that rise to what all sources have in common and something of each's own."""
    generator = np.random.default_rng(seed)
    common = generator.uniform(0.2, 0.8, CONFIGURATIONS)
    ends = common + of_their_own * generator.standard_normal((count, CONFIGURATIONS))
    curves = ends[:, :, None] * np.array([0.6, 0.8, 1.0])
    return curves + noise * generator.standard_normal(curves.shape)


def plays_of(curves: np.ndarray, rough: float = 0.0) -> list[Play]:
    """Every source as a new task, the others being all that is known of it."""
    plays = []
    for target, own in enumerate(curves):
        others = np.delete(curves, target, axis=0)
        evidence = Evidence(
            others,
            np.zeros(others.shape),
            delay(np.arange(1, LEVELS + 1)),
            np.eye(LEVELS),
            [f"f{number}" for number in range(len(others))],
            np.arange(len(others)),
            np.zeros(len(others)),
            np.zeros(len(others), dtype=bool),
            np.zeros(len(others)),
            np.eye(CONFIGURATIONS),
            np.full((CONFIGURATIONS, LEVELS), rough),
        )
        expected = others[:, :, -1].mean(axis=0)
        draws = draws_of(own, own[:, -1], expected, np.random.default_rng(target))
        plays.append(Play(evidence, SCALES, draws))
    return plays


@cache
def learnt(of_their_own: float, noise: float = 0.01, rough: float = 0.0) -> Strengths:
    return fit_strengths(plays_of(simulated(8, of_their_own, noise), rough))


def likelihood(plays: list[Play], strengths: Strengths) -> float:
    return sum(play.log_density(strengths) for play in plays)


def test_without_plays_strengths_are_as_expected():
    assert fit_strengths([]).logs() == pytest.approx(EXPECTED.logs())


def test_what_is_learnt_predicts_the_sources_better_and_others_like_them():
    strengths = learnt(0.02)
    for seed in (0, 1):
        plays = plays_of(simulated(8, 0.02, 0.01, seed))
        assert likelihood(plays, strengths) > likelihood(plays, EXPECTED)


def test_it_is_the_same_again():
    plays = plays_of(simulated(3, 0.1, 0.01))
    assert fit_strengths(plays) == fit_strengths(plays)


def test_as_noisy_as_the_sources_were_beside_how_rough_they_look():
    calm, wild = (learnt(0.1, noise, rough=0.03**2) for noise in (0.005, 0.1))
    assert calm.noise < EXPECTED.noise < wild.noise


def twins() -> np.ndarray:
    """Pairs of sources, each pair unlike the others."""
    generator = np.random.default_rng(3)
    common = generator.uniform(0.2, 0.8, CONFIGURATIONS)
    ways = np.repeat(generator.standard_normal((4, CONFIGURATIONS)), 2, axis=0)
    ends = common + 0.2 * ways + 0.01 * generator.standard_normal(ways.shape)
    return ends[:, :, None] * np.array([0.6, 0.8, 1.0])


def test_where_every_source_has_a_twin_a_task_is_expected_to_have_one_too():
    """Else what sources have in common is all that helps, and much remains their own."""
    with_twin, without = fit_strengths(plays_of(twins())), learnt(0.2)
    assert without.shrink < EXPECTED.shrink < with_twin.shrink
    assert with_twin.residual < without.residual


def test_two_sources_move_strengths_little():
    two = plays_of(simulated(2, 0.1, 0.01))
    once, often = (np.abs(fit_strengths(two * n).logs() - EXPECTED.logs()) for n in (1, 10))
    assert once.max() <= 2 * DEVIATION
    assert once.sum() < often.sum() / 2
    # Of what a single other source cannot tell nothing is learnt.
    names = [field.name for field in fields(Strengths)]
    assert [once[names.index(name)] for name in ("kindred", "likeness", "shrink")] == [0, 0, 0]


def test_of_a_source_are_known_beginnings_and_asked_ends():
    """Beginnings as they were read, ends as they are in truth."""
    curves = simulated(1, 0.1, 0.0)[0]
    ends = curves[:, -1] + 0.01
    expected = np.random.default_rng(1).uniform(0, 1, CONFIGURATIONS)
    draws = draws_of(curves, ends, expected, np.random.default_rng(0))
    assert len(draws) == len(BEGUN)
    promising = set(np.argsort(-expected)[: UNBEGUN + max(BEGUN)])
    for draw, begun in zip(draws, BEGUN, strict=True):
        known, asked = draw.points[: draw.known], draw.points[draw.known :]
        assert (draw.values[: draw.known] == curves.ravel()[known]).all()
        assert (draw.values[draw.known :] == ends[asked // LEVELS]).all()
        assert not set(known) & set(asked)
        assert (known % LEVELS < LEVELS - 1).all()
        assert (asked % LEVELS == LEVELS - 1).all()
        assert len(set(known // LEVELS)) == begun
        assert set(known // LEVELS) <= set(asked // LEVELS)
        assert set(asked // LEVELS) - set(known // LEVELS) <= promising
        assert len(asked) == min(begun + UNBEGUN, CONFIGURATIONS)
        for row in set(known // LEVELS):  # each from its beginning on
            levels = known[known // LEVELS == row] % LEVELS
            assert levels.tolist() == list(range(len(levels)))


def test_where_there_are_no_curves_some_ends_are_known_and_others_asked():
    ends = np.linspace(0, 1, 12)
    for draw in draws_of(ends[:, None], ends, ends, np.random.default_rng(0)):
        assert draw.known in BEGUN
        assert len(set(draw.points)) == len(draw.points) > draw.known


def test_one_candidate_is_asked_only_where_it_has_a_curve():
    generator = np.random.default_rng(0)
    end = np.array([0.5])
    assert draws_of(np.array([[0.5]]), end, end, generator) == []
    draws = draws_of(np.array([[0.3, 0.5]]), end, end, generator)
    assert [(draw.known, draw.points.tolist()) for draw in draws] == [(1, [0, 1])] * len(BEGUN)


def test_a_play_is_worth_the_mean_over_its_draws():
    (play, *_) = plays_of(simulated(3, 0.1, 0.01))
    made = task_prior(play.evidence, EXPECTED)
    each = [log_density(made, SCALES, d.points, d.values, d.known) for d in play.draws]
    assert play.log_density(EXPECTED) == pytest.approx(np.mean(each))
    assert replace(play, draws=play.draws[:1]).log_density(EXPECTED) == pytest.approx(each[0])
