"""A greedy portfolio of the source tasks' best configurations.

Each next member is the one that most lowers the mean, over the source tasks, of the regret
of the best member so far (Wistuba, Schilling and Schmidt-Thieme, "Sequential model-free
hyperparameter tuning", ICDM 2015; Feurer et al., "Auto-sklearn 2.0", JMLR 2022).
"""

import numpy as np

from probecast.tuners.source_regrets import source_regrets
from probecast.tuners.tuner import FullTrials, Problem


class PortfolioTuner(FullTrials):
    """Runs the members of the portfolio fully, in the order in which they joined."""

    def __init__(self, problem: Problem) -> None:
        members = greedy_portfolio(source_regrets(problem))
        super().__init__(problem, [problem.candidates[member] for member in members])


def greedy_portfolio(
    regrets: np.ndarray, size: int | None = None, weights: np.ndarray | None = None
) -> list[int]:
    """Return candidates in the order in which they join the portfolio.

    Ties, as when no candidate lowers the regret any more, go to the better on average.

    Args:
        regrets: (sources, candidates) in 0..1.
        size: how many may join; all by default.
        weights: (sources) of the mean; by default all count alike.
    """
    average = np.average(regrets, axis=0, weights=weights)
    best_so_far = np.ones(len(regrets))  # (sources,)
    waiting = list(range(regrets.shape[1]))
    members = []
    while waiting and len(members) != size:
        lowered = np.minimum(best_so_far[:, None], regrets[:, waiting])
        joined = np.average(lowered, axis=0, weights=weights)
        member = waiting.pop(int(np.lexsort((average[waiting], joined))[0]))
        members.append(member)
        best_so_far = np.minimum(best_so_far, regrets[:, member])
    return members


TUNER = PortfolioTuner
