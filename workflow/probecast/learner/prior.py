"""What other tasks' learning curves let one expect of a new one: a mixture of Gaussians.

Every source task is an expert: the new task resembles it, its mean lying between that
source's curves and what all have in common. How likely that is beforehand, and how much it
says of what all have in common, is the source's weight. The experts share a covariance with
two parts: in which directions the sources differ (their empirical covariance, as in Wang et
al., "Pre-trained Gaussian processes for Bayesian optimization", JMLR 2024), and what of a
source the other families' sources cannot explain (a residual that correlates over the epochs
of a curve and between similar configurations).

Values are on the footing of ``learner.curves.Normalised``: 0 is the floor, 1 the task's best.

Shape legend: S sources, n configurations, L levels (the epochs looked at), P, Q points. A
point is one level of one configuration, numbered row * L + level.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHRINK = 0.8  # an expert's mean: how far from the common one to the source
DIFFERENCES = 0.15  # share of the sources' differences (standard deviations) in the covariance
RESIDUAL = 1.1  # the same for the residual
RIDGE = 3.0  # of the regression of a source on others, in units of its Gram matrix's mean
INDEPENDENT = 0.02  # share of the residual's variance that is a level's own
NEIGHBOURS = 0.6  # correlation of neighbouring levels, as over the shipped tables
FEW = 5.0  # so many sources say as much of it as is known without them
NOISE = 0.012  # standard deviation of a measurement, at least
ALONE = 0.2  # the residual's standard deviation where all sources are of one family


@dataclass(frozen=True)
class Prior:
    """A mixture of Gaussians over all learning curves of a new task.

    Attributes:
        means: (experts, n, L).
        weights: (experts) how likely each is, together 1.
        factors: (n, L, S) the low-rank part of the covariance.
        residual: (n, L) standard deviation of the residual.
        levels: (L, L) its correlation over a curve.
        kernel: (n, n) its correlation between configurations.
        noise: variance of a measurement.
    """

    means: np.ndarray
    weights: np.ndarray
    factors: np.ndarray
    residual: np.ndarray
    levels: np.ndarray
    kernel: np.ndarray
    noise: float

    @property
    def shape(self) -> tuple[int, int]:
        """(n, L)"""
        return self.residual.shape

    def covariance(self, points: np.ndarray) -> np.ndarray:
        """Return the (P, n * L) covariance of some points with all, without the noise."""
        row, level = np.divmod(points, self.shape[1])
        shared = self.factors[row, level] @ self.factors.reshape(self.residual.size, -1).T
        own = np.einsum("pn,pl->pnl", self.kernel[row], self.levels[level]) * self.residual
        own *= self.residual[row, level][:, None, None]
        return shared + own.reshape(len(points), -1)

    def variance(self) -> np.ndarray:
        """Return the (n, L) variance of every point, without the noise."""
        return (self.factors**2).sum(axis=-1) + self.residual**2

    def covariance_with_last(self) -> np.ndarray:
        """Return the (n, L) covariance of every point with the end of its curve."""
        shared = np.einsum("ns,nls->nl", self.factors[:, -1], self.factors)
        return shared + self.residual[:, -1:] * self.residual * self.levels[-1]


def task_prior(
    curves: np.ndarray,
    weights: np.ndarray,
    unknown: np.ndarray,
    along: np.ndarray,
    families: Sequence[str],
    kernel: np.ndarray,
    noise: np.ndarray,
) -> Prior:
    """Return what the sources' curves let one expect of a task of another family.

    Args:
        curves: (S, n, L) normalised, complete, S at least 1.
        weights: (S) how much each says of the new task, together 1.
        unknown: (S, n, L) variance of those that had to be completed, 0 for the others.
        along: (L, L) covariance over a curve of what tells a source's configurations apart.
        families: of the sources, (S).
        kernel: (n, n) how alike two configurations are, 0 to 1.
        noise: (S) standard deviation of a measurement on each.
    """
    count = 1 / (weights**2).sum()  # so many sources of equal weight say as much
    mean = _mean(weights, curves)
    deviations = curves - mean
    unexplained = residuals(curves, families)
    variance = _mean(weights, unexplained**2)  # (n, L)
    # Few sources say little about a single configuration: half is that of all.
    size = np.sqrt((variance + variance.mean(axis=0)) / 2) + 1e-3
    standard = unexplained / size
    identity = np.eye(curves.shape[2])
    own, completed = (RESIDUAL * size) ** 2, _mean(weights, unknown)
    # What was completed differs from the truth as a source's configurations do from each other.
    share = completed.sum() / (own.sum() + completed.sum())
    levels = _correlation(np.einsum("s,snl,snk->lk", weights, standard, standard))
    # Two sources differ at all levels alike; what few promise of beginnings is too good.
    steps = np.arange(len(levels))
    usual = NEIGHBOURS ** np.abs(steps - steps[:, None])
    levels = (count * levels + FEW * usual) / (count + FEW)
    levels = (1 - share) * levels + share * _correlation(along)
    factors = np.moveaxis(deviations, 0, -1) * np.sqrt(weights / max(1 - 1 / count, 1e-9))
    return Prior(
        means=mean + SHRINK * deviations,
        weights=weights,
        factors=DIFFERENCES * factors,
        residual=np.sqrt(own + completed),
        levels=(1 - INDEPENDENT) * levels + INDEPENDENT * identity,
        kernel=_between_configurations(kernel, standard[:, :, -1], weights),
        noise=NOISE**2 + weights @ np.square(noise),
    )


def _mean(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The weighted mean over sources, (n, L)."""
    return np.einsum("s,snl->nl", weights, values)


def _correlation(covariance: np.ndarray) -> np.ndarray:
    covariance = covariance + 1e-9 * np.eye(len(covariance))
    deviation = np.sqrt(covariance.diagonal())
    return covariance / np.outer(deviation, deviation)


def residuals(curves: np.ndarray, families: Sequence[str]) -> np.ndarray:
    """Return what of every source a ridge regression on the other families does not explain.

    Returns:
        (S, n, L); for a single family ``ALONE`` times a standard deviation of 1.
    """
    flat, families = curves.reshape(len(curves), -1), np.asarray(families)
    unexplained = np.empty_like(flat)
    for source, own in enumerate(flat):
        others = flat[families != families[source]]
        if not len(others):
            return np.full_like(curves, ALONE)
        center = others.mean(axis=0)
        basis, target = others - center, own - center
        gram = basis @ basis.T
        ridge = RIDGE * np.trace(gram) / len(others) ** 2 + 1e-9
        weights = np.linalg.solve(gram + ridge * np.eye(len(others)), basis @ target)
        unexplained[source] = target - weights @ basis
    return unexplained.reshape(curves.shape)


def _between_configurations(
    kernel: np.ndarray, standard: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """The part of a kernel that the residuals bear out, and independence for the rest.

    Args:
        kernel: (n, n)
        standard: (S, n) residuals of about unit variance.
        weights: (S)
    """
    off = ~np.eye(len(kernel), dtype=bool)
    products = standard.T @ (weights[:, None] * standard)
    products /= max(products.diagonal().mean(), 1e-12)
    share = (kernel[off] @ products[off]) / max((kernel[off] ** 2).sum(), 1e-12)
    share = float(np.clip(share, 0.0, 0.95))
    return share * kernel + (1 - share) * np.eye(len(kernel))
