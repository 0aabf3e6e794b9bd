"""Successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and
hyperparameter optimization", AISTATS 2016): many short trials, of which the best go on.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from probecast.space import Configuration
from probecast.tuning.protocol import Observation, Problem, merit

REDUCTION = 3  # of the trials that one rung runs, one in three goes on; they grow threefold

# (trials, epoch): so many trials are trained to that epoch. Fewer trials, later epochs follow.
Rungs = Sequence[tuple[int, int]]


class RungsTuner:
    """Climbs rungs: of the trials on one rung, the best on validation go on to the next.

    Recommends the best of those that came furthest. Only trials that have not diverged go on.

    Args:
        problem: the target.
        order: the configurations in the order in which the first rung takes them.
        rungs: (trials, epoch) each.
    """

    seeded: ClassVar[bool] = False
    anytime: ClassVar[bool] = False
    heeds_resumable: ClassVar[bool] = False

    def __init__(self, problem: Problem, order: Sequence[Configuration], rungs: Rungs) -> None:
        self.info, self.order = problem.info, order
        (count, self.epoch), *self.above = rungs
        self.waiting = list(order[:count])
        self.told: dict[str, Observation] = {}

    def ask(self) -> tuple[Configuration, int] | None:
        while not self.waiting and self.above:
            count, self.epoch = self.above.pop(0)
            alive = [trial for trial in self.told.values() if not trial.diverged]
            best = sorted(alive, key=self._rank)[:count]
            self.waiting = [trial.configuration for trial in best if trial.epochs < self.epoch]
        return (self.waiting.pop(0), self.epoch) if self.waiting else None

    def tell(self, observations: Sequence[Observation]) -> None:
        self.told.update({observation.config_id: observation for observation in observations})

    def recommend(self) -> tuple[Configuration, None]:
        best = min(self.told.values(), key=self._rank, default=None)
        if best is not None and not best.diverged:
            return best.configuration, None
        # All that has been tried diverged; each trial took the next configuration.
        return self.order[min(len(self.told), len(self.order) - 1)], None

    def _rank(self, trial: Observation) -> tuple[bool, int, float]:
        """Sorts what came furthest first, then the best on validation; diverged trials last."""
        return trial.diverged, -trial.epochs, -merit(trial, self.info)


class HalvingTuner(RungsTuner):
    """Successive halving of random candidates, as many as the budget allows."""

    seeded: ClassVar[bool] = True

    def __init__(self, problem: Problem) -> None:
        order = np.random.default_rng(problem.seed).permutation(len(problem.candidates))
        rungs = halving_rungs(problem.info.epochs, problem.budget, len(problem.candidates))
        super().__init__(problem, [problem.candidates[i] for i in order], rungs)


def halving_rungs(horizon: int, budget: float, most: int) -> list[tuple[int, int]]:
    """Return the rungs of successive halving that start with as many trials as can be paid for.

    Args:
        horizon: epochs of a full trial.
        budget: total cost in full-run equivalents, at least 1.
        most: the largest number of trials.

    >>> halving_rungs(horizon=9, budget=2, most=100)
    [(8, 1), (2, 3), (1, 9)]
    """
    epochs = [horizon]
    while epochs[0] > 1:
        epochs.insert(0, -(-epochs[0] // REDUCTION))

    def rungs(start: int) -> list[tuple[int, int]]:
        return [(max(1, start // REDUCTION**i), epoch) for i, epoch in enumerate(epochs)]

    start = 1
    while start < most and cost(rungs(start + 1)) <= budget * horizon + 1e-6:
        start += 1
    return rungs(start)


def cost(rungs: Rungs) -> int:
    """Return the epochs that rungs cost, if no trial diverges."""
    earlier = [0, *(epoch for _, epoch in rungs)]
    return sum(
        count * (epoch - below) for (count, epoch), below in zip(rungs, earlier, strict=False)
    )


TUNER = HalvingTuner
