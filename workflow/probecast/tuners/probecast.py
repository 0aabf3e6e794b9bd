"""Ours: short probes, chosen one after another by what they tell the meta-encoder's belief.

Each next probe is the candidate with the largest knowledge gradient: by how much the best
expected final value, among the probed configurations and itself, is expected to rise once
its probe is seen (Frazier, Powell and Dayanik, "The knowledge-gradient policy for
correlated normal beliefs", INFORMS J. Computing 2009). Only what has been probed is
recommended: the best mean among hundreds of unprobed candidates is largely luck.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from scipy.linalg import cholesky
from scipy.stats import norm

from probecast.errors import ProbecastError
from probecast.meta.encoding import prefix_levels
from probecast.meta.posterior import Points, Posterior
from probecast.meta.scaling import DIVERGED, Scale
from probecast.seeds import derive
from probecast.space import Configuration, config_id
from probecast.tuners.tuner import Belief, Observation, Problem

ALTERNATIVES = 5
SAMPLES = 1000  # of all candidates' final values, for the probability of being near the best
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(11)
WEIGHTS = WEIGHTS / WEIGHTS.sum()  # expectation over a standard normal


class ProbecastTuner:
    """Probes, continues nothing, and recommends with a belief.

    Probes are equally long: as long as allowed, but short enough that the budget pays for
    all of them and the completion of the best.
    """

    seeded: ClassVar[bool] = False
    anytime: ClassVar[bool] = False

    def __init__(self, problem: Problem) -> None:
        info, settings = problem.info, problem.probes
        if problem.encoder is None:
            raise ProbecastError(f"{info.task}: the tuner 'probecast' needs a meta-encoder")
        if settings.count > len(problem.candidates):
            raise ProbecastError(
                f"probe.count: {settings.count} probes, but {info.task} has only "
                f"{len(problem.candidates)} candidate configurations; lower it"
            )
        self.problem, self.scale = problem, Scale(info)
        self.rows = {config_id(c): row for row, c in enumerate(problem.candidates)}
        self.seen: dict[int, Observation] = {}  # by row
        self.probe_epochs = probe_length(problem)
        self.levels = [*prefix_levels(self.probe_epochs), info.epochs]
        self.priors = problem.encoder.priors(info, problem.candidates, self.levels)
        self.posterior = self._condition()
        self.shortlist = shortlist(problem)

    def ask(self) -> tuple[Configuration, int] | None:
        if len(self.seen) == self.problem.probes.count or not self._affordable():
            return None
        row = int(np.argmax(self._knowledge_gradient()))
        return self.problem.candidates[row], self.probe_epochs

    def tell(self, observations: Sequence[Observation]) -> None:
        self.seen.update({self.rows[o.config_id]: o for o in observations})
        self.posterior = self._condition()

    def recommend(self) -> tuple[Configuration, Belief]:
        finals = self._points(level=-1)
        mean, covariance = self.posterior.mean(finals), self.posterior.covariance(finals, finals)
        ranked = [int(row) for row in np.argsort(-mean, kind="stable") if row in self.shortlist]
        untried = [row for row in ranked if row not in self.seen]
        allowed = self._alive() or untried or ranked
        chosen = next(row for row in ranked if row in allowed)
        ranked.remove(chosen)
        low, high = self._interval(mean[chosen], covariance[chosen, chosen])
        return self.problem.candidates[chosen], Belief(
            expected_metric=float(self.scale.to_natural(mean[chosen])),
            low=low,
            high=high,
            probability_within_5pct=self._probability_near_best(chosen, mean, covariance),
            alternatives=tuple(self.problem.candidates[row] for row in ranked[:ALTERNATIVES]),
        )

    def _affordable(self) -> bool:
        """Whether after one more probe something can still be trained to the end.

        As long as every probe has diverged, and this one may, that is a fresh trial.
        """
        horizon = self.problem.info.epochs
        spent = sum(observation.epochs for observation in self.seen.values())
        left = horizon - self.probe_epochs if self._alive() else horizon
        return spent + self.probe_epochs + left <= self.problem.budget * horizon + 1e-6

    def _alive(self) -> list[int]:
        """The rows of the probes that can be continued."""
        return [row for row, observation in self.seen.items() if not observation.diverged]

    def _points(self, level: int) -> Points:
        """All candidates' curves at one level; -1 is the horizon, -2 the end of a probe."""
        count = len(self.problem.candidates)
        return Points(np.arange(count), np.full(count, level % len(self.levels)))

    def _condition(self) -> Posterior:
        """The belief given all that has been told."""
        known = [
            (row, level, value)
            for row, observation in self.seen.items()
            for level, value in self._measured(observation)
        ]
        rows, levels, values = zip(*known, strict=True) if known else ((), (), ())
        points = Points(np.array(rows, dtype=int), np.array(levels, dtype=int))
        return Posterior(self.priors, points, np.array(values, dtype=float))

    def _measured(self, observation: Observation) -> list[tuple[int, float]]:
        """(level, value on the common scale) of a curve; after divergence nothing improves."""
        unit = self.scale.to_unit(observation.curve)
        unit = np.where(np.isnan(unit), DIVERGED, unit)
        return [
            (level, float(unit[epoch - 1]) if epoch <= len(unit) else DIVERGED)
            for level, epoch in enumerate(self.levels)
            if epoch <= len(unit) or observation.diverged
        ]

    def _knowledge_gradient(self) -> np.ndarray:
        """(candidates,) what the next probe promises; -infinity for what is out of question."""
        finals, probes = self._points(level=-1), self._points(level=-2)
        variance = np.diag(self.posterior.covariance(probes, probes)) + self.posterior.noise
        slopes = self.posterior.covariance(finals, probes) / np.sqrt(variance)
        value = knowledge_gradient(self.posterior.mean(finals), slopes, self._alive())
        value[[row for row in range(len(value)) if row not in self.shortlist]] = -np.inf
        value[list(self.seen)] = -np.inf
        return value

    def _interval(self, mean: float, variance: float) -> tuple[float, float]:
        """The central interval of a measured final value, natural units."""
        width = norm.ppf((1 + Belief.LEVEL) / 2) * np.sqrt(variance + self.posterior.noise)
        low, high = np.sort(self.scale.to_natural([mean - width, mean + width]))
        return float(low), float(high)

    def _probability_near_best(
        self, chosen: int, mean: np.ndarray, covariance: np.ndarray
    ) -> float:
        """How often the choice is within 5 % of the best in draws of all final values."""
        generator = np.random.default_rng(derive(self.problem.seed, "belief"))
        jitter = 1e-9 * np.eye(len(mean))
        factor = cholesky(covariance + jitter, lower=True)
        draws = mean + generator.standard_normal((SAMPLES, len(mean))) @ factor.T
        metric = self.scale.to_natural(draws)
        if self.problem.info.higher_is_better:
            return float(np.mean(metric[:, chosen] >= 0.95 * metric.max(axis=1)))
        return float(np.mean(metric[:, chosen] <= 1.05 * metric.min(axis=1)))


def shortlist(problem: Problem) -> frozenset[int]:
    """Return the rows of the candidates that may be probed and recommended.

    Those that the sources have tried, if these are enough: how a network of few sources
    extrapolates to the rest is not to be relied upon. Else all.
    """
    tried = problem.encoder.tried
    rows = [row for row, c in enumerate(problem.candidates) if config_id(c) in tried]
    enough = len(rows) > problem.probes.count + ALTERNATIVES
    return frozenset(rows if enough else range(len(problem.candidates)))


def probe_length(problem: Problem) -> int:
    """Return the epochs of a probe.

    As many as the settings allow, but so few that the budget, if it pays for that many
    probes at all, pays for all of them, the best one continued to the end.
    """
    horizon, settings = problem.info.epochs, problem.probes
    longest = settings.epochs(horizon)
    if settings.count < 2:
        return longest
    spare = (problem.budget - 1) * horizon / (settings.count - 1)
    return max(1, min(longest, int(spare + 1e-9)))


def knowledge_gradient(mean: np.ndarray, slopes: np.ndarray, rivals: list[int]) -> np.ndarray:
    """Return the expected best mean, among the rivals and the probed, after each probe.

    Args:
        mean: (n,) expected final values.
        slopes: (n, n) by how much the mean of row i rises if the probe of column j comes
            out one standard deviation better than expected.
        rivals: rows that may be recommended without a further probe.
    """
    own = mean[None, :, None] + np.diag(slopes)[None, :, None] * NODES  # (1, n, nodes)
    others = mean[rivals][:, None, None] + slopes[rivals][:, :, None] * NODES
    return np.concatenate([own, others]).max(axis=0) @ WEIGHTS


TUNER = ProbecastTuner
