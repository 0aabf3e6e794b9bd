"""Syne Tune's ``ZeroShotTransfer``: greedily, what lowers the mean rank on the sources most.

(Wistuba, Schilling and Schmidt-Thieme, "Sequential model-free hyperparameter tuning", ICDM
2015.) Its ``suggest()`` draws at random, in version 0.16; its ``get_config()`` is the method.
"""

from syne_tune.config_space import randint
from syne_tune.optimizer.schedulers.transfer_learning.zero_shot import ZeroShotTransfer

from probecast.space import Configuration
from probecast.tuners.peers.syne_tune import METRIC, evaluations
from probecast.tuners.source_regrets import source_regrets
from probecast.tuning.protocol import FullTrials, Problem


class ZeroShotTuner(FullTrials):
    """Runs the candidates fully in the order in which Syne Tune proposes them.

    It wants every candidate on every source: what a source has not tried gets the mean there,
    as ``source_regrets`` has it. Only which candidate it is matters, so that is all it is told.
    """

    def __init__(self, problem: Problem) -> None:
        points = [{"candidate": number} for number in range(len(problem.candidates))]
        space = {"candidate": randint(0, len(points) - 1)}
        self.transfer = ZeroShotTransfer(
            config_space=space,
            metric=METRIC,
            transfer_learning_evaluations={
                str(number): evaluations(space, points, regrets)
                for number, regrets in enumerate(source_regrets(problem))
            },
            sort_transfer_learning_evaluations=False,  # all are in the order of the candidates
            random_seed=problem.seed,
        )
        self.candidates = problem.candidates
        super().__init__(problem, [self._next()])

    def ask(self) -> tuple[Configuration, int] | None:
        if self.told == len(self.candidates):
            return None
        if self.told == len(self.order):
            self.order.append(self._next())
        return super().ask()

    def _next(self) -> Configuration:
        return self.candidates[self.transfer.get_config()["candidate"]]


TUNER = ZeroShotTuner
