"""A Gaussian whose mean and covariance over the candidates are those of the source tasks.

Expected improvement chooses what is trained fully (Wang et al., "Pre-trained Gaussian
processes for Bayesian optimization", JMLR 2024, estimate a prior from tasks that share their
inputs in the same way). The target's scale is not known: each source's floor and range is a
hypothesis, weighted by how well the trials fit it.
"""

from collections.abc import Sequence

import numpy as np

from probecast.regret import expected_excess
from probecast.space import Configuration
from probecast.trials import TrialTable
from probecast.tuners.source_regrets import Shared, source_curves
from probecast.tuning.protocol import FullTrials, Observation, Problem, merit

SHRINKAGE = 0.3  # of the covariance towards independent candidates
NOISE = 0.01  # standard deviation of a measured value; 0 is the floor, 1 the best


class EmpiricalGpTuner(FullTrials):
    """Trains fully the candidate of largest expected improvement, the best mean at first."""

    def __init__(self, problem: Problem) -> None:
        self.candidates = problem.candidates
        shared = Shared.of(problem)
        self.rows = {identity: row for row, identity in enumerate(shared.identities)}
        values = 1 - source_curves(shared)[:, :, -1]  # (sources, candidates)
        spread = values - values.mean(axis=0)
        empirical = spread.T @ spread / max(len(values) - 1, 1)
        variance = np.diag(empirical)
        # Where few sources agree, that may be chance: no variance is below the average one.
        own = np.maximum(variance, variance.mean()) + NOISE**2
        self.covariance = (1 - SHRINKAGE) * empirical + SHRINKAGE * np.diag(own)
        # Hypotheses about the target's scale; beliefs under them differ in the means alone.
        scales = np.array([_scale(source) for source in problem.sources])
        known = problem.info.sign * problem.info.floor_val
        self.floors = scales[:, 0] if np.isnan(known) else np.full(len(scales), known)
        self.ranges = scales[:, 1]
        self.means = np.tile(values.mean(axis=0), (len(scales), 1))  # (hypotheses, candidates)
        self.log_weights = np.zeros(len(scales))
        self.reached = np.zeros(len(scales))  # the best value told, under each hypothesis
        self.tried = np.zeros(len(self.candidates), dtype=bool)
        super().__init__(problem, [self.candidates[int(np.argmax(values.mean(axis=0)))]])

    def ask(self) -> tuple[Configuration, int] | None:
        if self.told == 0:
            return super().ask()
        if self.told == len(self.candidates):
            return None
        return self.candidates[int(np.argmax(self._improvement()))], self.info.epochs

    def tell(self, observations: Sequence[Observation]) -> None:
        super().tell(observations)
        for observation in observations:
            self._condition(self.rows[observation.config_id], merit(observation, self.info))

    def _condition(self, row: int, value: float) -> None:
        """Update the belief by one value; what is worse than the floor counts as the floor."""
        unit = np.maximum((value - self.floors) / self.ranges, 0)
        variance = self.covariance[row, row] + NOISE**2
        gain = self.covariance[:, row] / variance
        surprise = unit - self.means[:, row]
        if value > -np.inf:
            # The density of the value itself, so ranges weigh in, whatever the metric's unit;
            # of a value that counts as the floor they say nothing.
            density = np.where(unit > 0, np.log(self.ranges / np.median(self.ranges)), 0)
            self.log_weights -= surprise**2 / variance / 2 + density
        self.means += surprise[:, None] * gain
        self.covariance = self.covariance - np.outer(gain, self.covariance[row])
        self.reached = np.maximum(self.reached, unit)
        self.tried[row] = True

    def _improvement(self) -> np.ndarray:
        """(candidates,) expected improvement, averaged over the hypotheses; -inf once tried."""
        weights = np.exp(self.log_weights - self.log_weights.max())
        deviation = np.sqrt(np.maximum(np.diag(self.covariance), NOISE**2))
        gain = self.means - self.reached[:, None]
        expected = expected_excess(gain, deviation)
        return np.where(self.tried, -np.inf, weights / weights.sum() @ expected)


def _scale(source: TrialTable) -> tuple[float, float]:
    """The floor and the range from there to the best last value of a source; larger is better."""
    last = source.with_floor("val_metric")[source.info.epochs]
    sign, floor = source.info.sign, source.info.sign * source.floor("val_metric")
    return floor, max((sign * last).max() - floor, 1e-12)


TUNER = EmpiricalGpTuner
