import numpy as np
import pytest

from probecast.meta.posterior import Points, Posterior, Prior


def points(*pairs):
    return Points(*np.array(pairs, dtype=int).reshape(-1, 2).T)


@pytest.fixture
def prior():
    """Two configurations, two levels; one factor shared by all; residual sd 1, half shared."""
    return Prior(
        mean=np.array([[0.0, 1.0], [0.0, 2.0]]),
        factors=np.ones((2, 2, 1)),
        residual=np.ones((2, 2)),
        correlation=np.array([[1.0, 0.5], [0.5, 1.0]]),
        noise=0.5,
    )


def test_without_observations_it_is_the_prior(prior):
    belief = Posterior([prior], points(), np.array([]))
    assert belief.mean(points((0, 1), (1, 1))).tolist() == [1, 2]
    # task factor 1 everywhere; the residual 1 on itself, .5 between levels, 0 between rows
    query = points((0, 0), (0, 1), (1, 1))
    assert belief.covariance(query, query).tolist() == [[2, 1.5, 1], [1.5, 2, 1], [1, 1, 2]]


def test_one_probe_by_hand(prior):
    belief = Posterior([prior], points((0, 0)), np.array([2.5]))
    # variance of the probe 1 + 1 + .5, surprise 2.5: gain 1 per unit of covariance
    assert belief.mean(points((0, 1), (1, 1))) == pytest.approx([1 + 1.5, 2 + 1.0])
    own, other = points((0, 1)), points((1, 1))
    assert belief.covariance(own, own)[0, 0] == pytest.approx(2 - 1.5**2 / 2.5)
    assert belief.covariance(own, other)[0, 0] == pytest.approx(1 - 1.5 * 1.0 / 2.5)


def test_an_ensemble_is_as_unsure_as_its_members_disagree(prior):
    shifted = Prior(prior.mean + 2, prior.factors, prior.residual, prior.correlation, prior.noise)
    belief = Posterior([prior, shifted], points(), np.array([]))
    query = points((0, 0), (1, 0))
    assert belief.mean(query).tolist() == [1, 1]
    assert belief.covariance(query, query).tolist() == [[3, 2], [2, 3]]
