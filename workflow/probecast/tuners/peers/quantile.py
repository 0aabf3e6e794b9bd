"""Syne Tune's ``QuantileBasedSurrogateSearcher``: Thompson sampling of what the sources predict.

Losses become normal quantiles within their source, and boosted trees predict them from the
hyperparameters (Salinas, Shen and Perrone, "A quantile-based approach for hyperparameter
transfer learning", ICML 2020). It does not learn from the target's trials.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from syne_tune.optimizer.schedulers.transfer_learning.quantile_based import (
    quantile_based_searcher,
)

from probecast.space import Configuration, config_id
from probecast.tuners.peers.syne_tune import Point, Transfer, quiet
from probecast.tuning.protocol import FullTrials, Observation, Problem

ROW = "candidate"  # the column that says which candidate a drawn point is


class QuantileTuner(FullTrials):
    """Trains fully, one after another, the candidates that Syne Tune proposes."""

    seeded: ClassVar[bool] = True

    def __init__(self, problem: Problem) -> None:
        self.candidates = problem.candidates
        self.rows = {config_id(candidate): row for row, candidate in enumerate(self.candidates)}
        with quiet():
            self.searcher = _Searcher(Transfer.of(problem), problem.seed)
        self.asked = self.searcher.propose()
        super().__init__(problem, [self.candidates[self.asked]])

    def ask(self) -> tuple[Configuration, int] | None:
        if self.searcher.exhausted:
            return None
        return self.candidates[self.asked], self.info.epochs

    def tell(self, observations: Sequence[Observation]) -> None:
        super().tell(observations)
        for observation in observations:
            self.searcher.forget(self.rows[observation.config_id])
        self.asked = self.searcher.propose()


class _Searcher(quantile_based_searcher.QuantileBasedSurrogateSearcher):
    """Syne Tune's searcher, on a space of nothing but the candidates.

    It draws 100,000 points of its space when it starts, and predicts them. Here they are
    draws of candidates, so what it suggests needs no mapping to one of them.
    """

    def __init__(self, transfer: Transfer, seed: int) -> None:
        self.points = [{**point, ROW: row} for row, point in enumerate(transfer.points)]
        super().__init__(transfer.space, transfer.past, random_seed=seed)

    def _sample_random_config(self) -> Point:
        return self.points[self.random_state.randint(len(self.points))]

    def propose(self) -> int:
        """The row of the suggested candidate."""
        return int(self.suggest()[ROW])  # a float, among other numbers

    @property
    def exhausted(self) -> bool:
        """Whether there is nothing left to suggest."""
        return bool(np.isinf(self.mu_pred).all())

    def forget(self, row: int) -> None:
        """Never suggest a candidate again."""
        self.mu_pred[self.X_candidates[ROW] == row] = np.inf


TUNER = QuantileTuner
