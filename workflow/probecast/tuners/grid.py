"""Grid search: every candidate is trained fully, in order."""

from probecast.tuning.protocol import FullTrials, Problem


class GridTuner(FullTrials):
    """Runs the candidates in their given order, as far as the budget goes."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem, problem.candidates)


TUNER = GridTuner
