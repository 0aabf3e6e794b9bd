"""Our own way: the runner that the workflow's sweeps use, with its journal.

Given one configuration per process, it is also what a workflow of one job per trial would do.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.jobs import Job, Laps, Outcome, warm_up, work
from probecast.training.journal import Journal
from probecast.training.process import prepare_process
from probecast.training.runner import TrialRunner


def run(job: Job) -> list[Outcome]:
    """Train the job's configurations one after the other."""
    prepare_process()
    settings = job.settings
    outcomes = []
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder, "journal.jsonl"), "benchmark")
        runner = TrialRunner(job.task, job.data, settings, journal)
        warm_up(job)
        lap = Laps()
        for configuration in job.configurations:
            last = runner.advance(configuration, job.seed, settings.epochs)[-1]
            outcomes.append(Outcome(configuration, last["val_metric"], last["test_metric"], lap()))
    return outcomes


if __name__ == "__main__":
    work(run)
