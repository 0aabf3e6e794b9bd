"""What the benchmark tells a worker process, and what it hears back."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from probecast.data.spec import DataSpec
from probecast.networks import build_network
from probecast.space import Configuration
from probecast.training.settings import TrainingSettings
from probecast.trials import architecture_of


@dataclass(frozen=True)
class Job:
    """Trials to run: those of one worker process, or of all together.

    Attributes:
        task: ``<dataset>-<architecture>``.
        data: folder of the preprocessed data.
        configurations: what to train, one trial each.
        levels: the choices of every hyperparameter in the space.
        seed: of every trial.
        training: the fields of ``TrainingSettings``.
        folder: shared by all workers of one run of one side.
    """

    task: str
    data: str
    configurations: list[Configuration]
    levels: dict[str, list[Any]]
    seed: int
    training: dict[str, Any]
    folder: str

    @property
    def architecture(self) -> str:
        """The architecture's name."""
        return architecture_of(self.task)

    @property
    def settings(self) -> TrainingSettings:
        """How every trial is trained."""
        return TrainingSettings(**self.training)

    def read_spec(self) -> DataSpec:
        """Return the dataset's description."""
        return DataSpec.read(Path(self.data, "spec.json"))


@dataclass(frozen=True)
class Outcome:
    """One finished trial.

    Attributes:
        configuration: what was trained.
        val_metric: after the last epoch; NaN if the trial diverged and was stopped.
        test_metric: likewise.
        core_seconds: processor time from the end of the trial before to the end of this one.
    """

    configuration: Configuration
    val_metric: float
    test_metric: float
    core_seconds: float


class Laps:
    """Processor time of this process between calls: unlike the clock, deaf to its neighbours."""

    def __init__(self) -> None:
        self.last = time.process_time()

    def __call__(self) -> float:
        """Return the seconds since the last call, or since the start."""
        before, self.last = self.last, time.process_time()
        return self.last - before


def warm_up(job: Job) -> None:
    """Build a network, so that what it imports is no part of the first trial."""
    build_network(job.architecture, job.configurations[0], job.read_spec())


def work(run: Callable[[Job], list[Outcome]]) -> None:
    """Be a worker process: ``python -m benchmarks.sides.<side> job.json outcomes.json``."""
    job = Job(**json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps([asdict(outcome) for outcome in run(job)]))
