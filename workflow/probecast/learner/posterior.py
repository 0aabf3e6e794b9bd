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


class Posterior:
    """The belief about a task, in the unit of ``learner.curves.Scale``.

    Args:
        prior: on the normalised footing.
        scales: what may lead from there to the unit.

    Attributes:
        mean: (n, L) expected values.
        variance: (n, L) of the curves, measurement noise not included.
        with_last: (n, L) covariance of every point with the end of its curve.
        noise: variance of a measurement.
        expected_range: of the task.
    """

    def __init__(self, prior: Prior, scales: Scales) -> None:
        experts, count = len(prior.means), len(scales.range)
        self.prior = prior
        self._expert = np.repeat(np.arange(experts), count)
        self._offset, self._range = np.tile([scales.offset, scales.range], experts)
        self._log_weight = np.add.outer(np.log(prior.weights), scales.log_weight).ravel()
        self._means = prior.means.reshape(experts, -1)  # (S, n L)
        self._variance, self._with_last = prior.variance(), prior.covariance_with_last()
        self._surprise = np.zeros(len(self._expert))  # squared, summed over observations
        self._solved = np.zeros((0, self._means.shape[1]))  # L^-1 K of the observed with all
        self._whitened = np.zeros((0, len(self._expert)))  # L^-1 (values - means)
        self._update()

    def observe(self, points: np.ndarray, values: np.ndarray) -> None:
        """Learn the values of some points; NaN is divergence, and as bad as can be.

        Args:
            points: (P) not observed before.
            values: (P) in the unit.
        """
        count = len(points)
        rows, known = self.prior.covariance(points), self._solved[:, points]
        gram = rows[:, points] - known.T @ known + (self.prior.noise + JITTER) * np.eye(count)
        factor = np.linalg.cholesky(gram)
        solved = solve_triangular(factor, rows - known.T @ self._solved, lower=True)
        curve = (np.asarray(values)[:, None] - self._offset) / self._range  # (P, C)
        # What lies below is known to lie below, no more, so it has no density in the unit.
        measured = (curve > WORST).sum(axis=0)
        curve = np.fmax(curve, WORST)  # NaN becomes WORST
        surprise = curve - self._means[:, points].T[:, self._expert]
        whitened = solve_triangular(factor, surprise - known.T @ self._whitened, lower=True)
        self._solved = np.vstack([self._solved, solved])
        self._whitened = np.vstack([self._whitened, whitened])
        self._surprise += (whitened**2).sum(axis=0)
        self._log_weight = self._log_weight - measured * np.log(self._range)
        self._update()

    def _update(self) -> None:
        """Work out the mixture's moments."""
        observed = len(self._solved)
        log = self._log_weight - (FREEDOM + observed) / 2 * np.log1p(self._surprise / FREEDOM)
        weight = np.exp(log - log.max())
        kept = np.flatnonzero(weight >= NEGLIGIBLE)
        self._kept, self.weight = kept, weight[kept] / weight[kept].sum()
        self._spread = (FREEDOM + self._surprise[kept]) / (FREEDOM + observed)
        means = self._means[self._expert[kept]] + self._whitened[:, kept].T @ self._solved
        self._centers = self._offset[kept, None] + self._range[kept, None] * means  # (C, n L)
        mean = self.weight @ self._centers
        self._apart = self._centers - mean
        self._size = self.weight @ (self._range[kept] ** 2 * self._spread)
        self.noise = self._size * self.prior.noise
        self.expected_range = float(self.weight @ self._range[kept])

        shape = self.prior.shape
        solved, apart = (x.reshape(-1, *shape) for x in (self._solved, self._apart))
        left = np.maximum(self._variance - (solved**2).sum(axis=0), 1e-9)
        self.mean = mean.reshape(shape)
        self.variance = self._size * left + np.einsum("c,cnl->nl", self.weight, apart**2)
        ends = self._with_last - np.einsum("on,onl->nl", solved[:, :, -1], solved)
        between = np.einsum("c,cn,cnl->nl", self.weight, apart[:, :, -1], apart)
        self.with_last = self._size * ends + between

    def covariance(self, points: np.ndarray) -> np.ndarray:
        """Return the (P, n, L) covariance of some points with all."""
        within = self.prior.covariance(points) - self._solved[:, points].T @ self._solved
        between = (self._apart[:, points] * self.weight[:, None]).T @ self._apart
        return (self._size * within + between).reshape(-1, *self.prior.shape)

    def draw_ends(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Return (count, n) joint draws of how all curves end."""
        rows, levels = self.prior.shape
        return self.draw(np.arange(rows) * levels + levels - 1, count, generator)

    def draw(self, points: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
        """Return (count, P) joint draws of some points."""
        solved = self._solved[:, points]
        within = self.prior.covariance(points)[:, points] - solved.T @ solved
        factor = np.linalg.cholesky(within + 1e-7 * np.eye(len(points)))
        component = generator.choice(len(self.weight), size=count, p=self.weight)
        freedom = FREEDOM + len(self._solved)
        heavy = np.sqrt(freedom / generator.chisquare(freedom, size=count))
        size = self._range[self._kept][component] * np.sqrt(self._spread[component]) * heavy
        normal = generator.standard_normal((count, len(points))) @ factor.T
        return self._centers[:, points][component] + size[:, None] * normal
