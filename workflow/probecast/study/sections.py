"""The parts of a study file that belong to no other module: what one dataset, one architecture,
the sweep, the baselines and the retraining may say.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from probecast.data.keys import FileName, Rows
from probecast.data.settings import Variant
from probecast.data.user.settings import UserData
from probecast.space import Space
from probecast.training.settings import TrainingChanges


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetStudy(Variant):
    """One dataset of the study: a registered source or data of your own, and what is taken of it.

    Attributes:
        source: the registered source; by default the dataset's own name.
        own: data of your own instead: files, a folder, or any dataset on the Hub.
        mirror: a local folder in the Hub's schema to read instead of the Hub. A relative
            path counts from the folder of the Snakefile.
        download_rows: rows to fetch per raw split, for sources too large to fetch whole.
    """

    source: str | None = None
    own: UserData | None = None
    mirror: FileName | None = None
    download_rows: dict[Literal["train", "test"], Rows] | None = None


FUNCTION = r"^[^\W\d]\w*$"


class ArchitectureStudy(_Strict):
    """What differs for one architecture, or a network of the user's own.

    Attributes:
        file: a Python file that makes the network, under a name of one's own: it is run, so name
            only what you trust. A relative path counts from the folder of the Snakefile.
        build: the function in it that is called as ``build(configuration, spec)``; what it has to
            return stands in [Your own network](own-network.md).
        space: its own search space; by default the study's.
        default_configuration: its own default, a point of its space; by default the study's.
        training: what differs from the study's ``training``, by the same keys.
    """

    file: FileName | None = None
    build: Annotated[str, Field(pattern=FUNCTION, max_length=100)] = "build"
    space: Space | None = None
    default_configuration: dict[str, Any] | None = None
    training: TrainingChanges = TrainingChanges()


SampleSize = Annotated[int, Field(ge=2, le=10**6)] | Literal["all"]


class SweepStudy(_Strict):
    """The reference sweep.

    Attributes:
        configurations: ``all`` for the complete grid, or the size of a stratified sample. A
            smaller sample is part of a larger one. Default: all, but 24 of a space with
            ranges, or of more than 100,000 points.
        source_configurations: the same for the tasks under ``sources``; default: no difference.
        by_task: exceptions, by the task's name.
        repeated: share of an evaluated task's configurations that its trial table holds with a
            second seed, so that noise can be told from signal. A study that has the finished
            table learns from both.
        tables: a folder of finished trial tables, ``<task>.parquet``; a task that has one there
            is not swept again. A relative path counts from the folder of the Snakefile.
        trials_per_job: how many trials one job runs; many, since a process starts slowly.
    """

    configurations: SampleSize | None = None
    source_configurations: SampleSize | None = None
    by_task: dict[str, SampleSize] = {}
    repeated: Annotated[float, Field(ge=0, le=1)] = 0.0
    tables: FileName | None = None
    trials_per_job: Annotated[int, Field(ge=1, le=10**6)] = 24


class BaselinesStudy(_Strict):
    """Replay of the other tuners on the sweep.

    Attributes:
        methods: the tuners; default: all that are quick and need no optional package.
        repetitions: seeds of every tuner that draws at random.
    """

    methods: Annotated[list[str], Field(min_length=1)] | None = None
    repetitions: Annotated[int, Field(ge=1, le=10**5)] = 100


ROLES = ("predicted", "grid", "random", "portfolio", "best_average", "default")
"""What is retrained with fresh seeds: the choices of these methods."""


class FinalStudy(_Strict):
    """Retraining of the choices.

    Attributes:
        seeds: fresh seeds per configuration, the same for all.
    """

    seeds: Annotated[int, Field(ge=1, le=1000)] = 3


Cost = Annotated[float, Field(ge=1, allow_inf_nan=False)]


class ReplaySettings(BaseModel):
    """Replay of the tuners on tables from elsewhere, tasks held out in turn.

    Attributes:
        methods: the tuners; default: all that are quick and need no optional package.
        costs: total costs to compare at, in full-run equivalents.
        seeds: repetitions: of tuners that draw at random, and of all if there is noise.
        noise: standard deviation of what is added to every value that a tuner is shown, as a
            share of the range of the task's last values. Regrets are of the true values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    methods: Annotated[list[str], Field(min_length=1)] | None = None
    costs: Annotated[list[Cost], Field(min_length=1)] = [1.5, 2, 3, 5, 10]
    seeds: Annotated[int, Field(ge=1, le=10**5)] = 5
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
