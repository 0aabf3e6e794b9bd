"""Closed-form belief about all learning curves of a task, given those that were begun.

Every value of every curve is jointly Gaussian: y(x, t) = m(x, t) + f(x, t) . w + r(x, t) +
noise, where w is standard normal and the same for the whole task (what tasks differ in),
and r is a residual of the configuration x alone, correlated over its epochs t. See
Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), sections 2.2, 2.7.

Shape legend: n configurations, L levels (the epochs looked at; the last is the horizon),
R factors, P observed points, Q query points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular


@dataclass(frozen=True)
class Points:
    """Places on learning curves.

    Attributes:
        row: (Q,) index of the configuration.
        level: (Q,) index of the epoch among the prior's levels.
    """

    row: np.ndarray
    level: np.ndarray


@dataclass(frozen=True)
class Prior:
    """One network's belief about a task before any trial, on the common scale.

    Attributes:
        mean: (n, L) expected values.
        factors: (n, L, R) loadings on what tasks differ in.
        residual: (n, L) standard deviation of what a configuration has for itself.
        correlation: (L, L) of that residual between levels.
        noise: variance of a single measurement.
    """

    mean: np.ndarray
    factors: np.ndarray
    residual: np.ndarray
    correlation: np.ndarray
    noise: float

    def covariance(self, a: Points, b: Points) -> np.ndarray:
        """Return the (A, B) covariance of the curves, measurement noise not included."""
        shared = self.factors[a.row, a.level] @ self.factors[b.row, b.level].T
        same = a.row[:, None] == b.row[None]
        own = self.residual[a.row, a.level][:, None] * self.residual[b.row, b.level][None]
        return shared + same * own * self.correlation[a.level[:, None], b.level[None]]


class Posterior:
    """An ensemble's belief given observations: the moments of the members' mixture.

    Args:
        members: the networks' priors, at least one.
        points: what was observed.
        values: (P,) on the common scale.
    """

    def __init__(self, members: Sequence[Prior], points: Points, values: np.ndarray) -> None:
        self.members = members
        self.points = points
        self.noise = float(np.mean([member.noise for member in members]))
        self._factors, self._weights = [], []
        for member in members:
            gram = member.covariance(points, points) + member.noise * np.eye(len(values))
            factor = cholesky(gram, lower=True)
            surprise = values - member.mean[points.row, points.level]
            self._factors.append(factor)
            self._weights.append(_solve(factor, surprise[:, None])[:, 0])

    def mean(self, query: Points) -> np.ndarray:
        """Return the (Q,) expected values."""
        return self._means(query).mean(axis=0)

    def covariance(self, a: Points, b: Points) -> np.ndarray:
        """Return the (A, B) covariance of the curves, measurement noise not included."""
        within = [
            member.covariance(a, b)
            - _solve(factor, member.covariance(self.points, a)).T
            @ _solve(factor, member.covariance(self.points, b))
            for member, factor in zip(self.members, self._factors, strict=True)
        ]
        means_a, means_b = self._means(a), self._means(b)
        between = (means_a - means_a.mean(axis=0)).T @ (means_b - means_b.mean(axis=0))
        return np.mean(within, axis=0) + between / len(self.members)

    def _means(self, query: Points) -> np.ndarray:
        """(members, Q)"""
        return np.stack(
            [
                member.mean[query.row, query.level]
                + _solve(factor, member.covariance(self.points, query)).T @ weights
                for member, factor, weights in zip(
                    self.members, self._factors, self._weights, strict=True
                )
            ]
        )


def _solve(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve factor @ x = right for a lower triangular factor; an empty one is allowed."""
    if not len(factor):
        return right
    return solve_triangular(factor, right, lower=True)
