"""What our tuner believed of its recommendation for a finished table, and what became of it."""

from probecast.learner.calibration import Outcome
from probecast.learner.encoder import MetaEncoder
from probecast.learner.tuner import ProbecastTuner
from probecast.regret import within
from probecast.space import config_id
from probecast.trials import TrialTable
from probecast.tuning.driver import run
from probecast.tuning.environments import TableEnvironment
from probecast.tuning.protocol import Problem

READING = 0.01  # noise of a target's readings, in ranges: tables may be smoother than it is


def outcome(table: TrialTable, encoder: MetaEncoder, cost: float, seed: int = 0) -> Outcome:
    """Probe a task whose table is finished; return what was believed and what became of it.

    Args:
        table: of the task; the trials of its main seed can be bought.
        encoder: has not seen the task's family.
        cost: total cost in full-run equivalents.
        seed: of the tuner.
    """
    environment = TableEnvironment(table, noise=READING, noise_seed=seed)
    problem = Problem(table.info, environment.candidates, cost, seed, encoder=encoder)
    tuner = ProbecastTuner(problem)
    run(tuner, environment, cost)
    return judged(tuner, table, environment.seed)


def judged(tuner: ProbecastTuner, table: TrialTable, seed: int) -> Outcome:
    """Return what a tuner believes after its run on a table's trials, and what became of it.

    Args:
        tuner: after its run.
        table: of the task.
        seed: the table's seed whose trials were replayed.
    """
    info = table.info
    configuration, belief = tuner.recommend()
    last = table.with_floor("val_metric")[info.epochs]
    shown = last.xs(seed, level="seed")
    best = shown.max() if info.higher_is_better else shown.min()
    identities = {config_id(c): identity for identity, c in table.configurations().items()}
    trials = last.loc[identities[config_id(configuration)]]
    fresh = trials.drop(seed) if len(trials) > 1 else trials
    metric = float(fresh.mean())
    return Outcome(
        family=info.family,
        belief=belief,
        finished=tuner.finished(configuration),
        metric=metric,
        near_best=bool(within(metric, best, 0.05, info.higher_is_better)),
    )
