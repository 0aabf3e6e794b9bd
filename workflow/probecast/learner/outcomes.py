"""What our tuner believed of a task whose table is finished, and what became of it."""

import numpy as np

from probecast.learner.calibration import Outcomes
from probecast.learner.encoder import MetaEncoder
from probecast.learner.tuner import ProbecastTuner
from probecast.regret import within
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Problem


def outcomes(
    table: TrialTable,
    environment: TableEnvironment,
    encoder: MetaEncoder,
    cost: float,
    seed: int = 0,
) -> Outcomes:
    """Probe a task whose table is finished; return the beliefs and what became of them.

    Args:
        table: of the task.
        environment: sells its trials.
        encoder: has not seen the task's family.
        cost: total cost in full-run equivalents.
        seed: of the tuner.
    """
    problem = Problem(table.info, environment.candidates, cost, seed, encoder=encoder)
    tuner = ProbecastTuner(problem)
    run(tuner, environment, cost)
    return judged(tuner, table, environment.seed)


def judged(tuner: ProbecastTuner, table: TrialTable, seed: int) -> Outcomes:
    """Return what a tuner believes after its run on a table's trials, and what became of it.

    Args:
        tuner: after its run.
        table: of the task.
        seed: the table's seed whose trials were replayed.
    """
    info = table.info
    last = table.with_floor("val_metric", seed)[info.epochs].droplevel("seed")
    best = last.max() if info.higher_is_better else last.min()
    identities = {config_id(c): i for i, c in table.configurations().items()}
    shown = [tuner.recommend()[0]]
    metric = last.loc[[identities[config_id(c)] for c in shown]].to_numpy(dtype=float)
    places = np.array([tuner.candidates.index(c) for c in shown])
    near = within(metric, best, 0.05, info.higher_is_better)
    return Outcomes(tuner.beliefs(places), metric, near)
