"""Belief about all learning curves of a task, given those that were begun: closed form.

The metric is offset + range * curve: how good the task's best is, and often its floor, are
unknown. Candidates for both (``Scales``) and the experts of the prior make the components of
one mixture of Student-t processes: every component is Gaussian given its scale, which is
integrated out, so that a task which is more unlike the sources than they are unlike each
other widens all beliefs (Shah, Wilson and Ghahramani, "Student-t processes as alternatives
to Gaussian processes", AISTATS 2014). Conditioning is a Cholesky factorisation that grows by
rows (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, sections 2.2
and A.4).

Shape legend: C components, n configurations, L levels, P points (see ``learner.prior``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import gammaln, logsumexp

from probecast.learner.curves import WORST
from probecast.learner.prior import Prior

FREEDOM = 6.0  # degrees of freedom: about so many observations are the prior's scale worth
NEGLIGIBLE = 1e-3  # components of less weight, relative to the largest, are left out
JITTER = 1e-10
RANGES, OFFSETS = 8, 8
BEYOND = 1.3  # a task's range may be so many times larger or smaller than any source's
DEPTHS, BELOW_FLOOR = (0.5, 1.0, 2.0, 4.0), 0.05  # in largest ranges; how likely, all together
NARROWEST = 0.2  # the standard deviation of ln range over tasks is taken as at least this


@dataclass(frozen=True)
class Scales:
    """Candidates for a task's offset and range, in the unit of ``learner.curves.Scale``.

    Attributes:
        offset: (K)
        range: (K)
        log_weight: (K) prior weights.
    """

    offset: np.ndarray
    range: np.ndarray
    log_weight: np.ndarray

    @classmethod
    def of(
        cls,
        beginnings: Sequence[float],
        ranges: Sequence[float],
        floor: float | None,
        ceiling: float | None,
    ) -> "Scales":
        """Return a grid around what the sources have.

        Args:
            beginnings: the sources' offsets, counted from their floor where that is known, and
                then at most 0.
            ranges: the sources', likewise from their floor to their best.
            floor: the task's, if known.
            ceiling: what offset and range together cannot exceed, if known.
        """
        log, margin = np.log(ranges), np.log(BEYOND)
        highest = log.max() + margin
        if floor is not None and ceiling is not None:
            highest = min(highest, np.log(ceiling - floor))
        grid = np.linspace(min(log.min() - margin, highest), highest, RANGES)
        width = max(log.std(), NARROWEST)
        density = np.exp(-0.5 * ((grid[:, None] - log) / width) ** 2).mean(axis=1)
        offset = np.quantile(beginnings, np.linspace(0, 1, min(len(beginnings), OFFSETS)))
        size = np.tile(np.exp(grid), len(offset))
        weight = np.log(np.tile(density / density.sum(), len(offset)) / len(offset))
        offset = np.repeat(offset, RANGES)
        if floor is None:
            return cls(offset, size, weight)
        # A strong trivial predictor may be beaten by no trial: then the best comes about as far.
        depth = max(ranges) * np.array(DEPTHS)
        unlikely = np.full(len(depth), np.log(BELOW_FLOOR / len(depth)))
        return cls(
            floor + np.append(offset, -depth),
            np.append(size - offset, depth),
            np.append(weight, unlikely),
        )

    def thinned(self) -> "Scales":
        """Return a third of the candidates: enough to weigh one prior against another."""
        return Scales(self.offset[::3], self.range[::3], self.log_weight[::3])


class Components:
    """The mixture's components: every expert on every scale, and what speaks for each.

    Args:
        prior: on the normalised footing.
        scales: what may lead from there to the unit.

    Attributes:
        expert: (C) its row in ``prior.means``.
        offset: (C)
        range: (C)
    """

    def __init__(self, prior: Prior, scales: Scales) -> None:
        experts, count = len(prior.means), len(scales.range)
        self.means = prior.means.reshape(experts, -1)  # (S, n L)
        self.expert = np.repeat(np.arange(experts), count)
        self.offset, self.range = np.tile([scales.offset, scales.range], experts)
        self.log_weight = np.add.outer(np.log(prior.weights), scales.log_weight).ravel()

    def surprise(self, points: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (P, C) by how much values differ from what each component expects of points.

        And whether each has a density in the unit: what lies below ``WORST`` is known to lie
        below, no more. NaN is divergence, and as bad as can be.
        """
        curve = (np.asarray(values)[:, None] - self.offset) / self.range
        expected = self.means[:, points].T[:, self.expert]
        return np.fmax(curve, WORST) - expected, curve > WORST


def log_density(
    prior: Prior, scales: Scales, points: np.ndarray, values: np.ndarray, known: int
) -> float:
    """Return ln p of values, in the unit, given the first few of them.

    Args:
        prior: what is believed before.
        scales: what may lead to the unit.
        points: (P)
        values: (P) of the points, NaN for divergence.
        known: so many come first and are given.
    """
    components = Components(prior, scales)
    gram = prior.between(points) + np.diag(prior.noise.ravel()[points] + JITTER)
    factor = np.linalg.cholesky(gram)
    surprise, measured = components.surprise(points, values)
    whitened = solve_triangular(factor, surprise, lower=True, check_finite=False) ** 2

    def evidence(count: int) -> float:
        log = components.log_weight - measured[:count].sum(axis=0) * np.log(components.range)
        log = log - np.log(factor.diagonal()[:count]).sum()
        log = log - (FREEDOM + count) / 2 * np.log1p(whitened[:count].sum(axis=0) / FREEDOM)
        constant = gammaln((FREEDOM + count) / 2) - count / 2 * np.log(np.pi * FREEDOM)
        return float(logsumexp(log) + constant)

    return evidence(len(points)) - evidence(known)


class Posterior:
    """The belief about a task, in the unit of ``learner.curves.Scale``.

    A component expects offset + range * (its expert's mean + what its surprises let expect) of a
    point: a sum over F features of the point, which all components share: 1, the experts' means
    and the solved rows of what was observed. So no array is as large as components times points.

    Args:
        prior: on the normalised footing.
        scales: what may lead from there to the unit.

    Attributes:
        mean: (n, L) expected values.
        variance: (n, L) of the curves, measurement noise not included.
        with_last: (n, L) covariance of every point with the end of its curve.
        noise: (n, L) variance of a measurement.
        expected_range: of the task.
    """

    def __init__(self, prior: Prior, scales: Scales) -> None:
        self.prior, self._components = prior, Components(prior, scales)
        self._variance, self._with_last = prior.variance(), prior.covariance_with_last()
        count, points = self._components.range.size, prior.residual.size
        self._surprise = np.zeros(count)  # squared, summed over observations
        self._measured = np.zeros(count)
        self._solved = np.zeros((0, points))  # L^-1 K of the observed with all
        self._whitened = np.zeros((0, count))  # L^-1 (values - means)
        self._update()

    def observe(self, points: np.ndarray, values: np.ndarray) -> None:
        """Learn the values of some points; NaN is divergence, and as bad as can be.

        Args:
            points: (P) not observed before.
            values: (P) in the unit.
        """
        rows, known = self.prior.covariance(points), self._solved[:, points]
        noise = np.diag(self.prior.noise.ravel()[points] + JITTER)
        factor = np.linalg.cholesky(rows[:, points] - known.T @ known + noise)
        solved = solve_triangular(factor, rows - known.T @ self._solved, lower=True)
        surprise, measured = self._components.surprise(points, values)
        whitened = solve_triangular(factor, surprise - known.T @ self._whitened, lower=True)
        self._solved = np.vstack([self._solved, solved])
        self._whitened = np.vstack([self._whitened, whitened])
        self._surprise += (whitened**2).sum(axis=0)
        self._measured += measured.sum(axis=0)
        self._update()

    def _update(self) -> None:
        """Work out the mixture's moments."""
        all_, observed = self._components, len(self._solved)
        log = all_.log_weight - self._measured * np.log(all_.range)
        log = log - (FREEDOM + observed) / 2 * np.log1p(self._surprise / FREEDOM)
        weight = np.exp(log - log.max())
        kept = np.flatnonzero(weight >= NEGLIGIBLE)
        self.weight = weight[kept] / weight[kept].sum()
        self._range = all_.range[kept]
        self._spread = (FREEDOM + self._surprise[kept]) / (FREEDOM + observed)
        self._size = self.weight @ (self._range**2 * self._spread)
        self.noise = self._size * self.prior.noise
        self.expected_range = float(self.weight @ self._range)

        experts = np.zeros((len(kept), len(all_.means)))
        experts[np.arange(len(kept)), all_.expert[kept]] = self._range
        seen = self._range[:, None] * self._whitened[:, kept].T
        self._features = np.vstack([np.ones(all_.means.shape[1]), all_.means, self._solved])
        self._share = np.hstack([all_.offset[kept, None], experts, seen])  # (C, F)
        average = self.weight @ self._share
        apart = self._share - average
        self._apart = (apart * self.weight[:, None]).T @ apart @ self._features  # (F, n L)

        shape = self.prior.shape
        features, apart, solved = (
            x.reshape(-1, *shape) for x in (self._features, self._apart, self._solved)
        )
        self.mean = (average @ self._features).reshape(shape)
        left = np.maximum(self._variance - (solved**2).sum(axis=0), 1e-9)
        self.variance = self._size * left + np.maximum((features * apart).sum(axis=0), 0.0)
        ends = self._with_last - (solved[:, :, -1:] * solved).sum(axis=0)
        self.with_last = self._size * ends + (features * apart[:, :, -1:]).sum(axis=0)

    def covariance(self, points: np.ndarray) -> np.ndarray:
        """Return the (P, n, L) covariance of some points with all."""
        within = self.prior.covariance(points) - self._solved[:, points].T @ self._solved
        between = self._features[:, points].T @ self._apart
        return (self._size * within + between).reshape(-1, *self.prior.shape)

    def draw(self, points: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
        """Return (count, P) joint draws of some points."""
        solved = self._solved[:, points]
        within = self.prior.between(points) - solved.T @ solved
        factor = np.linalg.cholesky(within + 1e-7 * np.eye(len(points)))
        component = generator.choice(len(self.weight), size=count, p=self.weight)
        freedom = FREEDOM + len(self._solved)
        heavy = np.sqrt(freedom / generator.chisquare(freedom, size=count))
        size = self._range[component] * np.sqrt(self._spread[component]) * heavy
        normal = generator.standard_normal((count, len(points))) @ factor.T
        return self._share[component] @ self._features[:, points] + size[:, None] * normal
