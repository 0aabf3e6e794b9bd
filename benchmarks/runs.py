"""One side of the comparison: its worker processes, started and timed."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from statistics import fmean
from tempfile import mkdtemp

from benchmarks.jobs import Job, Outcome
from benchmarks.tasks import ROOT
from probecast.errors import ProbecastError

SIDES = {
    "ours": "ours",
    "process_per_trial": "ours",
    "optuna": "optuna_study",
    "trainer": "transformers_trainer",
}
"""A side, and the module in ``benchmarks.sides`` that its worker processes run."""


@dataclass(frozen=True)
class Run:
    """All trials of one architecture, trained once by one side.

    Attributes:
        architecture: what was trained.
        side: a name in ``SIDES``.
        repetition: counted from 0; each has its own seed.
        seconds: from the start of the first process to the end of the last.
        trials: in no particular order.
    """

    architecture: str
    side: str
    repetition: int
    seconds: float
    trials: list[Outcome]

    @property
    def trial_seconds(self) -> float:
        """Mean processor time of a trial, without the start of its process."""
        return fmean(trial.core_seconds for trial in self.trials)


def run_side(side: str, repetition: int, job: Job, cores: int) -> Run:
    """Train all of a job's trials, ``cores`` processes at once."""
    if side == "optuna":
        import_module("benchmarks.sides.optuna_study").create(job)
    count = len(job.configurations)
    processes = count if side == "process_per_trial" else min(cores, count)
    shares = [job.configurations[i::processes] for i in range(processes)]
    start = time.perf_counter()
    with ThreadPoolExecutor(cores) as pool:
        done = list(
            pool.map(lambda share: run_process(side, replace(job, configurations=share)), shares)
        )
    seconds = time.perf_counter() - start
    trials = [outcome for outcomes in done for outcome in outcomes]
    return Run(job.architecture, side, repetition, seconds, trials)


def run_process(side: str, job: Job) -> list[Outcome]:
    """Train a job's trials in one fresh process of one thread."""
    folder = Path(mkdtemp(dir=job.folder))
    task, result = folder / "job.json", folder / "outcomes.json"
    task.write_text(json.dumps(asdict(job)))
    paths = [str(ROOT), str(ROOT / "workflow"), os.environ.get("PYTHONPATH", "")]
    environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    process = subprocess.run(
        [sys.executable, "-m", f"benchmarks.sides.{SIDES[side]}", task, result],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    if process.returncode:
        raise ProbecastError(f"a worker of {side} failed:\n{process.stderr}")
    return [Outcome(**values) for values in json.loads(result.read_text())]
