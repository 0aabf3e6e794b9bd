"""The configuration that is best on average over the source tasks, without any probe."""

import numpy as np

from probecast.tuners.source_regrets import source_regrets
from probecast.tuning.protocol import FullTrials, Problem


class BestAverageTuner(FullTrials):
    """Recommends the candidate of least mean regret on the sources; its cost is 1.

    Running that one candidate fully is all it asks for.
    """

    def __init__(self, problem: Problem) -> None:
        best = int(np.argmin(source_regrets(problem).mean(axis=0)))
        super().__init__(problem, [problem.candidates[best]])


TUNER = BestAverageTuner
