"""Real trials of one task: trained epoch by epoch, on demand, and never twice."""

import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from probecast.console import logger
from probecast.data.spec import SPLITS, DataSpec, read_split
from probecast.metrics import METRICS
from probecast.networks import NEED_PRETRAINED
from probecast.space import Configuration, config_id
from probecast.training.cost import flops_per_example
from probecast.training.journal import Journal, fingerprint
from probecast.training.loop import EpochRecord, complete, device_of, train
from probecast.training.settings import Device, TrainingSettings
from probecast.trials import TaskInfo, TrialTable, architecture_of, build_table

Trial = tuple[str, int]
"""(config_id, seed)"""


class TrialRunner:
    """Trains configurations of one task and keeps every epoch record.

    Trials may be advanced in any order and by any number of epochs; one that waits is
    a suspended generator. Records that the journal holds are not trained again; a trial
    continued beyond them is trained anew up to there, with the same result.

    Args:
        task: ``<dataset>-<architecture>``.
        folder: where ``spec.json`` and the splits lie.
        training: how every trial is trained.
        journal: where finished work survives a kill.
        architecture: what is trained: a registered name (by default the task's), or
            ``<file>:<function>``.
    """

    def __init__(
        self,
        task: str,
        folder: str | Path,
        training: TrainingSettings,
        journal: Journal,
        architecture: str | None = None,
    ) -> None:
        self.task, self.training, self.journal = task, training, journal
        self.architecture = architecture or architecture_of(task)
        self.spec = DataSpec.read(Path(folder, "spec.json"))
        device = device_of(training.device)  # once, for all trials together
        self.data = {split: self._read(Path(folder), split, device) for split in SPLITS}
        self.info = task_info(task, self.spec, training)
        self._records: dict[Trial, list[dict[str, Any]]] = {}
        self._running: dict[Trial, Iterator[EpochRecord]] = {}
        self._asked: dict[Trial, int] = {}
        for row in journal.rows:
            records = self._records.setdefault((row["config_id"], row["seed"]), [])
            if row["epoch"] == len(records) + 1:  # what a damaged line cut off is trained again
                records.append(row)

    def try_out(self, configurations: Iterable[Configuration]) -> None:
        """Build a pretrained network in all its sizes, without memory and before any training.

        Raises:
            ProbecastError: one does not fit, such as adapters of a rank above the layers' width.
        """
        if self.architecture in NEED_PRETRAINED:
            for configuration in configurations:
                whole = complete(self.architecture, configuration)
                flops_per_example(self.architecture, whole, self.spec)  # counts each size once

    def records(self, configuration: Configuration, seed: int) -> list[dict[str, Any]]:
        """Return the epoch records that exist, in order."""
        return self._records.get((config_id(configuration), seed), [])

    def finished(self, configuration: Configuration, seed: int, epoch: int) -> bool:
        """Whether the trial needs no more training to have reached ``epoch``."""
        records = self.records(configuration, seed)
        return len(records) >= epoch or (records != [] and records[-1]["status"] == "diverged")

    def advance(self, configuration: Configuration, seed: int, epoch: int) -> list[dict[str, Any]]:
        """Train until ``epoch`` (or divergence); return all the trial's records up to there."""
        trial = (config_id(configuration), seed)
        self._asked[trial] = max(epoch, self._asked.get(trial, 0))
        if not self.finished(configuration, seed, epoch):
            known = self.epochs(configuration, seed)
            new = []
            if trial not in self._running:
                self._running[trial] = train(
                    self.architecture, self.spec, self.data, configuration, seed, self.training
                )
            for record in self._running[trial]:
                if record.epoch > known:
                    row = {"config_id": trial[0], **configuration, "seed": seed}
                    new.append({**row, **asdict(record)})
                if record.epoch >= epoch:
                    break
            self.journal.append(new)
            self._records.setdefault(trial, []).extend(new)
            if self.finished(configuration, seed, self.training.epochs):
                del self._running[trial]  # its network may be large
        return [row for row in self._records[trial] if row["epoch"] <= epoch]

    def epochs(self, configuration: Configuration, seed: int) -> int:
        """Return how far a trial has been trained."""
        return len(self.records(configuration, seed))

    def table(self) -> TrialTable:
        """Return what has been asked for: a journal may hold more, of another list of trials."""
        rows = [
            row
            for trial, epoch in self._asked.items()
            for row in self._records[trial]
            if row["epoch"] <= epoch
        ]
        measured = {"config_id", "seed", *EpochRecord.__dataclass_fields__}
        return build_table(self.info, [name for name in rows[0] if name not in measured], rows)

    def _read(self, folder: Path, split: str, device: torch.device) -> dict[str, torch.Tensor]:
        tensors = read_split(folder / f"{split}.safetensors", self.spec)
        return {name: tensor.to(device) for name, tensor in tensors.items()}


def task_info(task: str, spec: DataSpec, training: TrainingSettings) -> TaskInfo:
    """Return what all rows of the task's trial table share."""
    return TaskInfo(
        task=task,
        dataset=spec.dataset,
        family=spec.family,
        architecture=architecture_of(task),
        metric=spec.metric,
        higher_is_better=METRICS[spec.metric].higher_is_better,
        floor_val=spec.floor["val"],
        floor_test=spec.floor["test"],
        epochs=training.epochs,
        precision=training.precision,
        machine=machine(training.device),
        meta_features=spec.meta_features,
    )


def machine(device: Device) -> str:
    """Name the GPU, or the processor and its vector unit: seconds are of one machine only."""
    if device_of(device).type == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    cpuinfo = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in (cpuinfo.read_text().splitlines() if cpuinfo.exists() else [])
        if line.startswith("model name")
    ]
    model = models[0] if models else platform.processor() or platform.machine()
    return f"{model}, {torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}"


def open_runner(
    task: str,
    data: Sequence[str | Path],
    training: TrainingSettings,
    journal: str | Path,
    depends_on: Iterable[str] = (),
    architecture: str | None = None,
) -> TrialRunner:
    """Return a task's runner, with what an earlier, killed run of the same job has finished.

    Args:
        task: ``<dataset>-<architecture>``.
        data: the preprocessed data's files, all in one folder.
        training: how every trial is trained.
        journal: the job's journal; one of other data, settings or dependencies starts empty.
        depends_on: what else the trials depend on, such as a hash of the code.
        architecture: as in ``TrialRunner``.
    """
    _warn_of_emulation(training)
    # With the machine: the seconds of a table, and the last bits of its numbers, are of one.
    depends = fingerprint(data, training.model_dump_json(), *depends_on, machine(training.device))
    kept = Journal(journal, depends)
    return TrialRunner(task, Path(data[0]).parent, training, kept, architecture)


def _warn_of_emulation(training: TrainingSettings) -> None:
    """Say so where every product of two bfloat16 numbers is put together from others."""
    plain = torch.backends.cpu.get_cpu_capability() == "AVX2"
    if plain and training.precision == "bfloat16" and device_of(training.device).type == "cpu":
        logger.warning(
            "Warning: this processor has no bfloat16 arithmetic and takes many times as long for "
            "it as for float32. Set `training.precision: float32` in the study file."
        )
