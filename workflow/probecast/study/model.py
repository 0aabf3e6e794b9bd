"""The study file: one typed, checked description of what is run.

``load_study`` turns the parsed YAML into a ``Study``; every stage then gets just the
settings it depends on, so that a changed key reruns only what it touches.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from probecast.data.settings import VAL_ROWS, DownloadSettings, PreprocessSettings, Variant
from probecast.data.sources import Source
from probecast.data.user.source import find_source
from probecast.errors import ProbecastError, suggest
from probecast.networks import constants
from probecast.seeds import derive
from probecast.space import LARGEST_GRID, NAME, Configuration, Space
from probecast.study.finetuning import FinetuningSettings
from probecast.study.sections import (
    ArchitectureStudy,
    BaselinesStudy,
    DatasetStudy,
    FinalStudy,
    ReplaySettings,
    SampleSize,
    SweepStudy,
)
from probecast.tables.settings import HistorySettings, TableSettings
from probecast.training.settings import TrainingSettings
from probecast.trials import architecture_of
from probecast.tuning.settings import ProbeSettings

Name = Annotated[str, Field(pattern=NAME)]


class Study(BaseModel):
    """A whole study file: tasks to predict for, tables to compare tuners on, or both.

    Attributes:
        name: how the report calls the study.
        seed: the one seed that every other is derived from, by name.
        tasks: the tasks to predict for and to evaluate, ``<dataset>-<architecture>``. They
            need a space, a default configuration and training.
        sources: further tasks, swept only to learn from.
        datasets: settings by dataset name; a dataset not named here has the defaults.
        space: the search space.
        architectures: what differs for an architecture, by its name.
        default_configuration: the fixed configuration that predictions are held against.
        training: how every trial is trained.
        sweep: the reference sweep.
        probe: the probes on a target.
        history: one's own past runs, by a name of one's own, to learn from.
        shipped: whether to learn from the trial tables that come with the project; by default
            where the study has no other task to learn from.
        baselines: the other tuners.
        final: retraining of the choices.
        finetuning: settings by hand to hold fine-tuning tasks' recommendations against. A study
            with this part makes that comparison instead of sweep, baselines and report.
        tables: trial tables from elsewhere, by a name of one's own, to replay all tuners on.
        replay: how that is done.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    tasks: list[str] = []
    sources: list[str] = []
    datasets: dict[Name, DatasetStudy] = {}
    space: Space | None = None
    architectures: dict[Name, ArchitectureStudy] = {}
    default_configuration: dict[str, Any] | None = None
    training: TrainingSettings | None = None
    sweep: SweepStudy = SweepStudy()
    probe: ProbeSettings = ProbeSettings()
    history: dict[Name, HistorySettings] = {}
    shipped: bool | None = None
    baselines: BaselinesStudy = BaselinesStudy()
    final: FinalStudy = FinalStudy()
    finetuning: FinetuningSettings | None = None
    tables: dict[Name, TableSettings] = {}
    replay: ReplaySettings = ReplaySettings()

    _file: str = PrivateAttr("the study file")  # its name, for messages

    # -- who is who ------------------------------------------------------------------

    @cached_property
    def all_tasks(self) -> list[str]:
        """Targets and sources, each once, in the order of the study file."""
        return list(dict.fromkeys([*self.tasks, *self.sources]))

    def problem(self, text: str) -> ProbecastError:
        """Return the error that tells what is wrong, with the name of the study file."""
        return ProbecastError(f"{self._file}: {text}")

    def unknown(self, key: str, name: str, known: Iterable[str]) -> ProbecastError:
        """Return the error that tells that a target is of something that the study has not."""
        return self.problem(
            f"{key}: found no {name!r}; name it there, or correct the target. "
            f"{suggest(name, list(known))}"
        )

    def named(self, key: str, name: str) -> Any:
        """Return what the study file describes under a key by a name.

        Raises:
            ProbecastError: nothing.
        """
        known = getattr(self, key)
        if name not in known:
            raise self.unknown(key, name, known)
        return known[name]

    def check_task(self, task: str) -> str:
        """Return a task that was asked for, if the study has it: of others nothing was checked.

        Raises:
            ProbecastError: it has not.
        """
        if task not in self.all_tasks:
            raise self.unknown("tasks", task, self.all_tasks)
        return task

    def dataset(self, name: str) -> DatasetStudy:
        """Return the settings of a dataset, defaults where the study file has none."""
        return self.datasets.get(name, DatasetStudy())

    def source_of(self, dataset: str) -> Source:
        """Return where a dataset comes from and what it is."""
        of = self.dataset(dataset)
        return find_source(dataset, of.source or dataset, of.own)

    def family(self, dataset: str) -> str:
        """Return what the dataset descends from."""
        return self.source_of(dataset).family

    # -- what differs by architecture ------------------------------------------------

    def architecture(self, task: str) -> ArchitectureStudy:
        """Return what differs for a task's architecture; nothing if the study names nothing."""
        return self.architectures.get(architecture_of(task), ArchitectureStudy())

    def network_of(self, task: str) -> str:
        """Return what a task trains: a registered name or, of the user's own, file:function."""
        own = self.architecture(task)
        return architecture_of(task) if own.file is None else f"{own.file}:{own.build}"

    def training_of(self, task: str) -> TrainingSettings:
        """Return how the trials of a task are trained."""
        changes = self.architecture(task).training.model_dump(exclude_none=True)
        return self.training.model_copy(update=changes)

    def gpus(self, task: str) -> int:
        """Return how many GPUs a job that trains the task's network takes."""
        return int(self.training_of(task).device == "cuda")

    def space_of(self, task: str) -> Space:
        """Return the search space of a task's architecture."""
        return self.architecture(task).space or self.space

    def default_of(self, task: str) -> Configuration:
        """Return the default configuration of a task's architecture."""
        own = self.architecture(task).default_configuration
        return self.space_of(task).canonical(self.default_configuration if own is None else own)

    def by_hand_of(self, task: str) -> list[Configuration]:
        """Return the settings by hand that may be predicted for a task, beside its space."""
        if self.finetuning is None or task not in self.finetuning.tasks:
            return []
        space, fixed = self.space_of(task), constants(self.network_of(task)).get("DEFAULTS", {})
        missing = {name: fixed[name] for name in space.names if name in fixed}
        return [{**missing, **configuration} for configuration in self.finetuning.scaled]

    # -- configurations --------------------------------------------------------------

    def asked_size(self, task: str) -> tuple[str, SampleSize | None]:
        """Return the key that says how many configurations a task's sweep has, and its value."""
        sweep = self.sweep
        if task in sweep.by_task:
            return f"sweep.by_task.{task}", sweep.by_task[task]
        if task not in self.tasks and sweep.source_configurations is not None:
            return "sweep.source_configurations", sweep.source_configurations
        return "sweep.configurations", sweep.configurations

    def sample_size(self, task: str) -> SampleSize:
        """Return how many configurations a task's sweep has."""
        asked, space = self.asked_size(task)[1], self.space_of(task)
        if asked is not None:
            return asked
        if space.is_listed and space.size <= LARGEST_GRID:
            return "all"
        return SAMPLE if space.size is None else min(SAMPLE, space.size)

    @cached_property
    def _swept(self) -> dict[str, list[Configuration]]:
        """The sweep's configurations by task: for an architecture and a size always the same."""
        samples: dict[tuple[str, int | str], list[Configuration]] = {}
        for task in self.all_tasks:
            key = (architecture_of(task), self.sample_size(task))
            if key not in samples:
                space, count = self.space_of(task), self.sample_size(task)
                samples[key] = (
                    space.grid()
                    if count == "all"
                    else space.stratified(count, derive(self.seed, "sweep"))
                )
        return {
            task: samples[architecture_of(task), self.sample_size(task)] for task in self.all_tasks
        }

    def swept(self, task: str) -> list[Configuration]:
        """Return the configurations of a task's reference sweep."""
        return self._swept[task]

    def repeated(self, task: str) -> list[Configuration]:
        """Return the configurations that a task's trial table holds with a second seed."""
        if task not in self.tasks:
            return []
        swept = self.swept(task)
        generator = np.random.default_rng(derive(self.seed, "repeated"))
        chosen = generator.permutation(len(swept))[: round(self.sweep.repeated * len(swept))]
        return [swept[i] for i in sorted(chosen)]

    def chunks(self, task: str) -> range:
        """Return the numbers of a task's sweep jobs."""
        return range(-(-len(self.swept(task)) // self.sweep.trials_per_job))

    def chunk(self, task: str, number: int) -> list[Configuration]:
        """Return the configurations of one sweep job.

        Jobs take every n-th configuration, so that each gets its share of the slow ones.
        """
        return self.swept(task)[number :: len(self.chunks(task))]

    def trials_of(self, rule: str, wildcards: Mapping[str, str]) -> int:
        """Return how many trials a job trains, or 0 where that is not known before it runs.

        Args:
            rule: the name of the job's rule.
            wildcards: its wildcards.
        """
        match rule:
            case "sweep":
                return len(self.chunk(wildcards["task"], int(wildcards["chunk"])))
            case "repeat":
                return len(self.repeated(wildcards["task"]))
            case "finetune":
                return len(self.final_seeds)
        return 0

    # -- seeds of trials -------------------------------------------------------------

    @property
    def sweep_seed(self) -> int:
        """The seed of the sweep's trials; probes share it and so are their prefixes."""
        return derive(self.seed, "trial", "sweep")

    @property
    def repeat_seed(self) -> int:
        """The second seed of the configurations that are trained twice."""
        return derive(self.seed, "trial", "repeat")

    @property
    def final_seeds(self) -> list[int]:
        """The fresh seeds of the retrained choices."""
        return [derive(self.seed, "trial", "final", i) for i in range(self.final.seeds)]

    # -- settings of the stages ------------------------------------------------------

    def download_settings(self, dataset: str) -> DownloadSettings:
        """Return all that ``download`` depends on."""
        own = self.dataset(dataset)
        source = self.source_of(dataset)
        rows = own.download_rows
        if own.mirror is None and source.generate is not None:
            rows = {
                "train": (own.train_rows or DEFAULT_GENERATED) + (own.val_rows or VAL_ROWS),
                "test": own.test_rows or DEFAULT_GENERATED,
            }
        return DownloadSettings(
            dataset=dataset,
            source=source.name,
            mirror=own.mirror,
            rows=rows,
            seed=derive(self.seed, "download", source.name),
            own=own.own,
        )

    def preprocess_settings(self, dataset: str) -> PreprocessSettings:
        """Return all that ``preprocess`` depends on beside the raw files."""
        of = self.dataset(dataset)
        return PreprocessSettings(
            dataset=dataset,
            source=self.source_of(dataset).name,
            seed=self.seed,
            own=of.own,
            **of.model_dump(include=set(Variant.model_fields)),
        )


SAMPLE = 24
"""Configurations that are swept of a space without a grid where the study file names no number."""

DEFAULT_GENERATED = 1000
"""Rows that an embedded generator makes per split where the study file names no number."""
