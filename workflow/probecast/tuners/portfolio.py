"""A greedy portfolio of the source tasks' best configurations.

Each next member is the one that most lowers the mean, over the source tasks, of the regret
of the best member so far (Wistuba, Schilling and Schmidt-Thieme, "Sequential model-free
hyperparameter tuning", ICDM 2015; Feurer et al., "Auto-sklearn 2.0", JMLR 2022).
"""

from probecast.regret import greedy_portfolio
from probecast.tuners.source_regrets import source_regrets
from probecast.tuning.protocol import FullTrials, Problem


class PortfolioTuner(FullTrials):
    """Runs the members of the portfolio fully, in the order in which they joined."""

    def __init__(self, problem: Problem) -> None:
        members = greedy_portfolio(source_regrets(problem))
        super().__init__(problem, [problem.candidates[member] for member in members])


TUNER = PortfolioTuner
