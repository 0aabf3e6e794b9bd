"""Syne Tune's ``BoundingBox``: random search in the smallest box around the sources' best.

(Perrone et al., "Learning search spaces for Bayesian optimization", NeurIPS 2019.)
"""

from typing import ClassVar

import numpy as np
from syne_tune.optimizer.schedulers.transfer_learning.bounding_box import BoundingBox

from probecast.tuners.peers.syne_tune import METRIC, Transfer, quiet
from probecast.tuning.protocol import FullTrials, Problem


class BoundingBoxTuner(FullTrials):
    """Draws candidates without replacement: those in the box first, then the others.

    Syne Tune finds the box, of each source's one best. The draw is ours: its random search
    goes by a global seed, and its points would lie beside the candidates.
    """

    seeded: ClassVar[bool] = True

    def __init__(self, problem: Problem) -> None:
        transfer = Transfer.of(problem)
        with quiet():
            box = BoundingBox(
                scheduler_fun=lambda box, *_: box,
                config_space=transfer.space,
                metric=METRIC,
                transfer_learning_evaluations=transfer.past,
                random_seed=problem.seed,
            ).scheduler
        outside = [
            not all(box[name].is_valid(value) for name, value in point.items())
            for point in transfer.points
        ]
        drawn = np.random.default_rng(problem.seed).permutation(len(outside))
        order = sorted(drawn, key=outside.__getitem__)
        super().__init__(problem, [problem.candidates[number] for number in order])


TUNER = BoundingBoxTuner
