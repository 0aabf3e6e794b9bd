"""Probes for real: the tuner asks, the network is trained, the tuner is told."""

from probecast.console import Progress
from probecast.space import Configuration
from probecast.training.runner import TrialRunner
from probecast.trials import TrialTable
from probecast.tuners import get_tuner
from probecast.tuners.driver import run
from probecast.tuners.tuner import Observation, Problem


class RealTrials:
    """Sells real trials, all with one seed, as far as a tuner's driver asks for them.

    Args:
        runner: trains them.
        seed: the seed of the sweep's trials, whose beginnings the probes are.
        progress: told of every epoch.

    Attributes:
        horizon: the full length E of a trial, in epochs.
    """

    def __init__(self, runner: TrialRunner, seed: int, progress: Progress) -> None:
        self.horizon = runner.training.epochs
        self.runner, self.seed, self.progress = runner, seed, progress

    def advance(self, configuration: Configuration, epoch: int) -> Observation:
        """Train until ``epoch``, or divergence, and return all that was seen of the trial."""
        before = self.runner.epochs(configuration, self.seed)
        rows = self.runner.advance(configuration, self.seed, epoch)
        self.progress.step(self.runner.epochs(configuration, self.seed) - before)
        return Observation(
            configuration,
            tuple(row["val_metric"] for row in rows),
            diverged=rows[-1]["status"] == "diverged",
        )


def probe(runner: TrialRunner, problem: Problem, seed: int) -> TrialTable:
    """Let our tuner probe the target; return the probes.

    Args:
        runner: trains them, and takes up what its journal holds.
        problem: the target, with the meta-encoder and the budget.
        seed: the seed of the sweep's trials.
    """
    most = int(problem.budget * problem.info.epochs)
    progress = Progress(f"probe {runner.task}, at most", most, "epochs")
    tuner = get_tuner("probecast")(problem)
    run(tuner, RealTrials(runner, seed, progress), problem.budget)
    return runner.table()
