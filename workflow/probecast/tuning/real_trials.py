"""Where trials of one task are bought by training."""

from probecast.console import Progress
from probecast.space import Configuration
from probecast.training.runner import TrialRunner
from probecast.tuning.protocol import Observation


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
