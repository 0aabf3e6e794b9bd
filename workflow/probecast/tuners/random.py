"""Random search (Bergstra and Bengio, JMLR 2012): candidates are trained in random order."""

from typing import ClassVar

import numpy as np

from probecast.tuning.protocol import FullTrials, Problem


class RandomTuner(FullTrials):
    """Draws candidates without replacement."""

    seeded: ClassVar[bool] = True

    def __init__(self, problem: Problem) -> None:
        order = np.random.default_rng(problem.seed).permutation(len(problem.candidates))
        super().__init__(problem, [problem.candidates[i] for i in order])


TUNER = RandomTuner
