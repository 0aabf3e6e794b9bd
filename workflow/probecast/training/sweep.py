"""Train a list of configurations to the end: the reference sweep, and the final choices."""

from collections.abc import Iterable

from probecast.console import Progress
from probecast.space import Configuration
from probecast.training.runner import TrialRunner
from probecast.trials import TrialTable


def sweep(
    runner: TrialRunner, configurations: Iterable[Configuration], seeds: Iterable[int], title: str
) -> TrialTable:
    """Train every configuration with every seed over the full horizon.

    Trials that the runner's journal holds already are not trained again.
    """
    epochs, configurations = runner.training.epochs, list(configurations)
    runner.try_out(configurations)
    trials = [(configuration, seed) for configuration in configurations for seed in seeds]
    waiting = sum(not runner.finished(*trial, epochs) for trial in trials)
    progress = Progress(title, len(trials), "trials")
    progress.resume(len(trials) - waiting)
    for trial in trials:
        trained = not runner.finished(*trial, epochs)
        runner.advance(*trial, epochs)
        progress.step(int(trained))
    return runner.table()
