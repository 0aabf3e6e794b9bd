"""Tree-structured Parzen estimator, by Optuna with its defaults (Bergstra et al., NeurIPS 2011).

It proposes points of the box around the candidates; the nearest candidate that has not been
tried is trained fully in place of the point, and told to Optuna as what it is.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from probecast.space import Configuration
from probecast.tuning.protocol import FullTrials, Observation, Problem, merit

optuna.logging.set_verbosity(optuna.logging.WARNING)
ABSENT = "absent"  # how a conditional hyperparameter that does not apply is told
WIDE = 100  # a range whose ends are further apart than this is searched on a log scale


class TpeTuner(FullTrials):
    """Trains what the sampler proposes; its first ten proposals are random, as Optuna has it."""

    seeded: ClassVar[bool] = True

    def __init__(self, problem: Problem) -> None:
        names = sorted({name for candidate in problem.candidates for name in candidate})
        self.points = [{n: c.get(n, ABSENT) for n in names} for c in problem.candidates]
        self.space = {name: _distribution([p[name] for p in self.points]) for name in names}
        self.positions = np.array([self._position(point) for point in self.points])
        self.candidates = problem.candidates
        self.untried = np.ones(len(problem.candidates), dtype=bool)
        sampler = optuna.samplers.TPESampler(seed=problem.seed)
        self.study = optuna.create_study(direction="maximize", sampler=sampler)
        self.asked = self._propose()
        super().__init__(problem, [problem.candidates[self.asked]])

    def ask(self) -> tuple[Configuration, int] | None:
        if not self.untried.any():
            return None
        return self.candidates[self.asked], self.info.epochs

    def tell(self, observations: Sequence[Observation]) -> None:
        super().tell(observations)
        for observation in observations:
            trial = optuna.trial.create_trial(
                params=self.points[self.asked],
                distributions=self.space,
                value=merit(observation, self.info),
            )
            self.study.add_trial(trial)
            self.untried[self.asked] = False
            if self.untried.any():
                self.asked = self._propose()

    def _propose(self) -> int:
        """The untried candidate nearest to the sampler's next point."""
        trial = self.study.ask(self.space)
        distance = np.abs(self.positions - self._position(trial.params)).sum(axis=1)
        # The point itself is not evaluated; a failed trial is one that Optuna disregards.
        self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return int(np.argmin(np.where(self.untried, distance, np.inf)))

    def _position(self, point: dict[str, Any]) -> list[float]:
        """Numbers in 0..1 on their scale; names as one-hot halves, so that two differ by 1."""
        position: list[float] = []
        for name, distribution in self.space.items():
            if isinstance(distribution, CategoricalDistribution):
                position += [0.5 * (point[name] == choice) for choice in distribution.choices]
            else:
                scale = math.log if distribution.log else float
                low, high = scale(distribution.low), scale(distribution.high)
                position.append((scale(point[name]) - low) / ((high - low) or 1.0))
        return position


def _distribution(values: Sequence[Any]) -> BaseDistribution:
    """What Optuna is told about one hyperparameter."""
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return CategoricalDistribution(sorted(set(values), key=str))
    low, high = min(values), max(values)
    log = low > 0 and high / low >= WIDE
    whole = all(isinstance(value, int) for value in values)
    return (IntDistribution if whole else FloatDistribution)(low, high, log=log)


TUNER = TpeTuner
