"""One epoch of as many random candidates as can be paid for; the best of them are trained fully.

Simple, and hard to beat (Egele et al., "Is one epoch all you need for multi-fidelity
hyperparameter optimization?", ESANN 2023, who train three fully).
"""

from typing import ClassVar

import numpy as np

from probecast.tuners.halving import RungsTuner
from probecast.tuning.protocol import Problem

FINALISTS = 3  # at most half of the budget


class OneEpochTuner(RungsTuner):
    """Gives random candidates one epoch each and the best of them full trainings."""

    seeded: ClassVar[bool] = True

    def __init__(self, problem: Problem) -> None:
        horizon, most = problem.info.epochs, len(problem.candidates)
        order = np.random.default_rng(problem.seed).permutation(most)
        finalists = min(max(1, min(FINALISTS, int(problem.budget / 2))), most)
        # The finalists' first epochs are part of their trainings.
        begun = int((problem.budget - finalists) * horizon + 1e-6) + finalists
        rungs = [(min(begun, most), 1), (finalists, horizon)] if horizon > 1 else [(begun, 1)]
        super().__init__(problem, [problem.candidates[i] for i in order], rungs)


TUNER = OneEpochTuner
