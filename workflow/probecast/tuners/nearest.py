"""The portfolio of the source tasks that resemble the target most, so far as it is known.

Two tasks resemble each other if they rank the same points of learning curves alike
(Wistuba, Schilling and Schmidt-Thieme, "Two-stage transfer surrogate model for automatic
hyperparameter optimization", ECML 2016, compare tasks by ranks); ranks need no common scale.
"""

from collections.abc import Sequence

import numpy as np

from probecast.space import Configuration
from probecast.tuners.source_regrets import Shared, source_curves
from probecast.tuning.protocol import FullTrials, Observation, Problem

POINTS = 5  # of a learning curve
TEMPERATURE = 0.1  # a source that ranks a tenth more of all pairs otherwise weighs 1/e


class NearestTuner(FullTrials):
    """Trains fully, one after another, what most lowers the expected regret of the best.

    The expectation is over the source tasks, weighted by resemblance to the target's trials.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        shared = Shared.of(problem)
        self.rows = {identity: row for row, identity in enumerate(shared.identities)}
        epochs = np.unique(np.linspace(1, shared.horizon, POINTS).round().astype(int))
        self.epochs, self.curves = epochs - 1, source_curves(shared)
        self.regrets = self.curves[:, :, -1]
        self.tried: list[int] = []
        self.ours = np.empty(0)  # (points,) of the target's curves, larger is worse
        self.theirs = np.empty((len(self.curves), 0))  # (sources, points) the same points
        self.disagreements = np.zeros(len(self.curves))  # pairs of points ranked otherwise
        super().__init__(problem, [problem.candidates[self._next()]])

    def ask(self) -> tuple[Configuration, int] | None:
        if len(self.tried) == len(self.rows):
            return None
        return self.problem.candidates[self._next()], self.info.epochs

    def tell(self, observations: Sequence[Observation]) -> None:
        super().tell(observations)
        for observation in observations:
            row = self.rows[observation.config_id]
            curve = np.full(self.info.epochs, np.nan)
            curve[: observation.epochs] = observation.curve
            ours = np.where(np.isnan(curve), np.inf, -self.info.sign * curve)[self.epochs]
            self._compare(ours, self.curves[:, row, self.epochs])
            self.tried.append(row)

    def _compare(self, ours: np.ndarray, theirs: np.ndarray) -> None:
        """Add a trial's points, and count which sources rank them otherwise beside all points."""
        self.ours = np.concatenate([self.ours, ours])
        self.theirs = np.concatenate([self.theirs, theirs], axis=1)
        for new, value in enumerate(ours, start=len(self.ours) - len(ours)):
            rival = self.theirs[:, new, None]
            otherwise = (self.ours[:new] > value) & (self.theirs[:, :new] < rival)
            otherwise |= (self.ours[:new] < value) & (self.theirs[:, :new] > rival)
            self.disagreements += otherwise.sum(axis=1)

    def _next(self) -> int:
        weights = self._weights()
        best = self.regrets[:, self.tried].min(axis=1, initial=1.0)
        joined = weights @ np.minimum(best[:, None], self.regrets)
        joined[self.tried] = np.inf
        return int(np.lexsort((weights @ self.regrets, joined.round(12)))[0])

    def _weights(self) -> np.ndarray:
        """(sources,) how much each is to be believed; they sum to 1."""
        pairs = max(len(self.ours) * (len(self.ours) - 1) / 2, 1)
        weights = np.exp(-self.disagreements / pairs / TEMPERATURE)
        return weights / weights.sum()


TUNER = NearestTuner
