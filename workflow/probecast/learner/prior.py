"""What other tasks' learning curves let one expect of a new one: a mixture of Gaussians.

Every source task is an expert: the new task resembles it, its mean lying between that
source's curves and what all have in common. How likely that is beforehand, and how much it
says of what all have in common, is the source's weight. The experts share a covariance with
two parts: in which directions the sources differ (their empirical covariance, as in Wang et
al., "Pre-trained Gaussian processes for Bayesian optimization", JMLR 2024), and what of a
source the other families' sources cannot explain (a residual that correlates over the epochs
of a curve and between similar configurations). How strongly each part speaks is learnt
(``learner.strengths``).

A source whose trials take more or fewer steps than the target's is two experts: one for what is
reached at the same share of the horizon, one for what is reached after as many steps. And the new
task may learn later than all sources: every expert is there in time and late.

Values are on the footing of ``learner.curves.Normalised``: 0 is the floor, 1 the task's best.

Shape legend: S experts, n configurations, L levels (the epochs looked at), P, Q points. A
point is one level of one configuration, numbered row * L + level.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from probecast.learner.strengths import Strengths

ALONE = 0.2  # the residual's standard deviation where all sources are of one family


@dataclass(frozen=True)
class Evidence:
    """What the sources say of some configurations of a task.

    Attributes:
        curves: (S, n, L) normalised, complete, S at least 1.
        unknown: (S, n, L) variance of those that had to be completed, 0 for the others.
        delay: (L, L) makes of a curve that of a task that learns later.
        along: (L, L) covariance over a curve of what tells a source's configurations apart.
        families: of their sources, (S).
        sources: (S) the number of each one's source.
        odds: (S) 1 for what is reached after as many steps, -1 for the same source's other expert,
            0 for the only one of a source.
        own: (S) whether they are of the target's architecture.
        unlike: (S) mean squared difference of their descriptions to the target's.
        kernel: (n, n) how alike two configurations are, 0 to 1.
        rough: (n, L) variance of a measurement, as rough as curves of such configurations are.
    """

    curves: np.ndarray
    unknown: np.ndarray
    delay: np.ndarray
    along: np.ndarray
    families: Sequence[str]
    sources: np.ndarray
    odds: np.ndarray
    own: np.ndarray
    unlike: np.ndarray
    kernel: np.ndarray
    rough: np.ndarray

    def of(self, rows: np.ndarray) -> "Evidence":
        """Return what is said of some of the configurations."""
        return replace(
            self,
            curves=self.curves[:, rows],
            unknown=self.unknown[:, rows],
            kernel=self.kernel[np.ix_(rows, rows)],
            rough=self.rough[rows],
        )

    def unexplained(self, ridge: float) -> np.ndarray:
        """(S, n, L) ``residuals``; kept, since a ridge is asked for often and takes time."""
        if ridge not in self._unexplained:
            self._unexplained[ridge] = residuals(self.curves, self.families, ridge)
        return self._unexplained[ridge]

    @cached_property
    def _unexplained(self) -> dict[float, np.ndarray]:
        return {}

    def weights(self, strengths: Strengths) -> np.ndarray:
        """(S) how much each expert says of the task, together 1."""
        log = np.where(self.own, np.log(strengths.kindred), 0.0)
        log = log - strengths.likeness * self.unlike
        # The two of one source share its weight.
        log = log - np.where(self.odds == 0, 0.0, np.log1p(strengths.steps**-self.odds))
        weights = np.exp(log - log.max())
        return weights / weights.sum()


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
        noise: (n, L) variance of a measurement.
    """

    means: np.ndarray
    weights: np.ndarray
    factors: np.ndarray
    residual: np.ndarray
    levels: np.ndarray
    kernel: np.ndarray
    noise: np.ndarray

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

    def between(self, points: np.ndarray) -> np.ndarray:
        """Return the (P, P) covariance of some points, without the noise."""
        row, level = np.divmod(points, self.shape[1])
        factors, size = self.factors[row, level], self.residual[row, level]
        own = self.kernel[np.ix_(row, row)] * self.levels[np.ix_(level, level)]
        return factors @ factors.T + own * np.outer(size, size)

    def variance(self) -> np.ndarray:
        """Return the (n, L) variance of every point, without the noise."""
        return (self.factors**2).sum(axis=-1) + self.residual**2

    def covariance_with_last(self) -> np.ndarray:
        """Return the (n, L) covariance of every point with the end of its curve."""
        shared = np.einsum("ns,nls->nl", self.factors[:, -1], self.factors)
        return shared + self.residual[:, -1:] * self.residual * self.levels[-1]


def task_prior(evidence: Evidence, strengths: Strengths) -> Prior:
    """Return what the sources' curves let one expect of a task of another family."""
    curves, weights = evidence.curves, evidence.weights(strengths)
    # So many sources of equal weight say as much.
    count = 1 / (np.bincount(evidence.sources, weights) ** 2).sum()
    mean = _mean(weights, curves)
    deviations = curves - mean
    unexplained = evidence.unexplained(strengths.ridge)
    variance = _mean(weights, unexplained**2)  # (n, L)
    # Few sources say little about a single configuration: half is that of all.
    size = np.sqrt((variance + variance.mean(axis=0)) / 2) + 1e-3
    standard = unexplained / size
    own, completed = (strengths.residual * size) ** 2, _mean(weights, evidence.unknown)
    # What was completed differs from the truth as a source's configurations do from each other.
    share = completed.sum() / (own.sum() + completed.sum())
    levels = _correlation(np.einsum("s,snl,snk->lk", weights, standard, standard))
    # Two sources differ at all levels alike; what few promise of beginnings is too good.
    steps = np.arange(len(levels))
    neighbours = strengths.neighbours / (1 + strengths.neighbours)
    usual = neighbours ** np.abs(steps - steps[:, None])
    levels = (count * levels + strengths.few * usual) / (count + strengths.few)
    levels = (1 - share) * levels + share * _correlation(evidence.along)
    independent = min(strengths.independent, 1.0)
    kernel = _between_configurations(evidence.kernel, standard[:, :, -1], weights)
    factors = np.moveaxis(deviations, 0, -1) * np.sqrt(weights / max(1 - (weights**2).sum(), 1e-9))
    shrink = strengths.shrink / (1 + strengths.shrink)
    means = _smoothed(mean, deviations, weights, evidence.kernel, strengths.smoothing)
    means = means + shrink * deviations
    late = strengths.late / (1 + strengths.late)
    return Prior(
        means=np.concatenate([means, means @ evidence.delay.T]),
        weights=np.concatenate([(1 - late) * weights, late * weights]),
        factors=strengths.differences * factors,
        residual=np.sqrt(own + completed),
        levels=(1 - independent) * levels + independent * np.eye(len(levels)),
        kernel=kernel,
        noise=strengths.floor**2 + strengths.noise**2 * evidence.rough,
    )


def _mean(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The weighted mean over sources, (n, L)."""
    return np.einsum("s,snl->nl", weights, values)


def _smoothed(
    mean: np.ndarray,
    deviations: np.ndarray,
    weights: np.ndarray,
    kernel: np.ndarray,
    smoothing: float,
) -> np.ndarray:
    """The common mean, drawn towards what like configurations have: (n, L).

    The mean of few sources is partly their luck. What it is without that is thought half a
    smooth function of the hyperparameters and half a configuration's own.

    Args:
        mean: (n, L) over the sources.
        deviations: (S, n, L) from it.
        weights: (S)
        kernel: (n, n)
        smoothing: times the sampling variance of the mean.
    """
    center = mean.mean(axis=0)
    luck = (weights**2 @ (deviations[:, :, -1] ** 2)).mean()
    true = max(mean[:, -1].var() - luck, 0.1 * mean[:, -1].var()) + 1e-9
    gram = true * (0.5 * kernel + 0.5 * np.eye(len(kernel)))
    noisy = gram + smoothing * luck * np.eye(len(kernel))
    return center + gram @ np.linalg.solve(noisy, mean - center)


def _correlation(covariance: np.ndarray) -> np.ndarray:
    covariance = covariance + 1e-9 * np.eye(len(covariance))
    deviation = np.sqrt(covariance.diagonal())
    return covariance / np.outer(deviation, deviation)


def residuals(curves: np.ndarray, families: Sequence[str], ridge: float) -> np.ndarray:
    """Return what of every source a ridge regression on the other families does not explain.

    Args:
        curves: (S, n, L)
        families: (S)
        ridge: in units of the mean of the Gram matrix.

    Returns:
        (S, n, L); for a single family ``ALONE`` times a standard deviation of 1.
    """
    flat, families = curves.reshape(len(curves), -1), np.asarray(families)
    products = flat @ flat.T
    unexplained = np.empty_like(flat)
    for source, own in enumerate(flat):
        others = np.flatnonzero(families != families[source])
        if not len(others):
            return np.full_like(curves, ALONE)
        # Centred on the others' mean, by what the products tell.
        inner = products[np.ix_(others, others)]
        row = inner.mean(axis=0)
        gram = inner - row - row[:, None] + row.mean()
        across = products[others, source]
        target = across - across.mean() - row + row.mean()
        penalty = ridge * np.trace(gram) / len(others) ** 2 + 1e-9
        weights = np.linalg.solve(gram + penalty * np.eye(len(others)), target)
        weights = weights + (1 - weights.sum()) / len(others)
        unexplained[source] = own - weights @ flat[others]
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
