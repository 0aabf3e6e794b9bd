"""Probes for real: the tuner asks, the network is trained, the tuner is told."""

from probecast.console import Progress
from probecast.training.runner import TrialRunner
from probecast.trials import TrialTable
from probecast.tuners import get_tuner
from probecast.tuning.driver import run
from probecast.tuning.protocol import Problem
from probecast.tuning.real_trials import RealTrials


def probe(runner: TrialRunner, problem: Problem, seed: int) -> TrialTable:
    """Let our tuner probe the target; return the probes.

    Where the problem's trials are not resumable, a stopped one that is asked for again is counted
    as trained anew. The runner continues it all the same, with the same result: its table holds
    every epoch once, and its journal serves a job that was killed, in either mode.

    Args:
        runner: trains them, and takes up what its journal holds.
        problem: the target, with the meta-encoder and the budget.
        seed: the seed of the sweep's trials.
    """
    most = int(problem.budget * problem.info.epochs)
    progress = Progress(f"probe {runner.task}, at most", most, "epochs")
    tuner = get_tuner("probecast")(problem)
    run(tuner, RealTrials(runner, seed, progress), problem.budget, problem.resumable)
    return runner.table()
