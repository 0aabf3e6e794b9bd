"""What a study file says about a table from elsewhere."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, model_validator

from probecast.data.keys import FileName
from probecast.errors import ProbecastError, suggest
from probecast.space import Value

Positive = Annotated[FiniteFloat, Field(gt=0)]

SQLITE = "sqlite:///"
DATABASES = (".db", ".sqlite", ".sqlite3")
JOURNALS = (".log", ".journal")


class Columns(BaseModel):
    """The table's own names for what every trial table has.

    Attributes:
        task: which task a row belongs to; `null` for a table of a single task.
        config_id: tells the configurations of a task apart; `null` where the hyperparameters do.
        epoch: whole numbers, evenly spaced; 0 is the untrained model. `null` for a table of
            final values only, one row per trial, and for the final values of an Optuna study.
        val_metric: the metric that configurations are chosen by. Where NaN or infinity is written,
            the trial has diverged; a blank cell says nothing, see `empty_metric`.
        test_metric: the metric that choices are judged by; by default, and where there is no
            such column, the one that they are chosen by.
        seconds: core-seconds of an epoch; may be absent.
        seed: tells repeated trials of a configuration apart; may be absent. With neither
            `config_id` nor `epoch`, every row is a trial of its own.
        state: what became of a trial, as Optuna and others export it (COMPLETE, RUNNING, FAIL,
            ...); may be absent. `null` where a column of that name is something else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str | None = "task"
    config_id: str | None = "config_id"
    epoch: str | None = "epoch"
    val_metric: str = "val_metric"
    test_metric: str = "test_metric"
    seconds: str = "seconds"
    seed: str = "seed"
    state: str | None = "state"


class HyperparameterColumn(BaseModel):
    """Where a hyperparameter stands in a table, and in which unit.

    Attributes:
        column: its column, or its name in an Optuna study; default: the key.
        factor: what numbers are multiplied by: 0.01 for per cent.
        base: the column holds exponents of this: 10 for log10(learning rate).
        values: other spellings for values: `{adam: Adam}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | None = None
    factor: FiniteFloat = 1.0
    base: Positive | None = None
    values: dict[str, Value] = {}


def _spelt_out(value: Any) -> Any:
    """Turn the short forms, a list of columns and ``name: column``, into the long one."""
    if isinstance(value, list):
        value = {str(column): {} for column in value}
    if isinstance(value, dict):
        return {k: {"column": v} if isinstance(v, str) else v for k, v in value.items()}
    return value


Hyperparameters = Annotated[
    dict[str, HyperparameterColumn],
    BeforeValidator(
        _spelt_out, json_schema_input_type=list[str] | dict[str, str | HyperparameterColumn]
    ),
]


class TableSettings(BaseModel):
    """A table from elsewhere, one row per epoch of a trial, or an Optuna storage.

    Attributes:
        path: a Parquet, CSV or TSV file, packed or not (`.gz`, `.zip`, `.bz2`, `.xz`, `.zst`); or
            an Optuna storage: a URL such as `sqlite:///runs.db`, an SQLite file (`.db`, `.sqlite`)
            or a journal (`.log`). Its studies are the tasks. A relative path counts from the
            folder of the Snakefile.
        metric: how to call the metric; free text.
        higher_is_better: the metric's direction; an Optuna study knows its own.
        columns: the table's names for what is needed; each has the name of its key by default.
        hyperparameters: the hyperparameters' columns, as a list, or by the names that they are to
            have here: `{learning_rate: lr}`, or with a unit as below. Name all that you tuned, as
            no others are read. Default: all that are left. A value may be missing where a
            hyperparameter does not apply.
        tasks: the tasks of the table, or studies of the storage, to read; default: all.
        cumulative_seconds: whether `seconds` counts from the start of a trial.
        first_epoch: what the first trained epoch is called: 1, or 0 as in the logs of Lightning.
        empty_metric: what an empty cell of the metric says: nothing (`unknown`), or that the trial
            has `diverged`, as in a Parquet or CSV file for which pandas had NaN.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: FileName
    metric: str
    higher_is_better: bool | None = None
    columns: Columns = Columns()
    hyperparameters: Hyperparameters = {}
    tasks: Annotated[list[str], Field(min_length=1)] | None = None
    cumulative_seconds: bool = False
    first_epoch: Literal[0, 1] = 1
    empty_metric: Literal["unknown", "diverged"] = "unknown"

    @model_validator(mode="after")
    def _check(self) -> "TableSettings":
        if not self.is_storage:
            if self.higher_is_better is None:
                raise ValueError("higher_is_better: required for a file; add true or false")
        elif self.columns not in (Columns(), Columns(epoch=None)):
            raise ValueError(
                "columns: an Optuna storage has no columns; remove them ("
                "only 'epoch: null', for final values, means something there)"
            )
        return self

    @property
    def is_storage(self) -> bool:
        """Whether the table is an Optuna storage."""
        ending = Path(self.path).suffix.lower()
        return "://" in self.path or ending in (*DATABASES, *JOURNALS)

    @property
    def file(self) -> str | None:
        """The local file that holds the table; None for a database server."""
        return local_file(self.path)

    @property
    def files(self) -> list[str]:
        """The local files that hold the table: beside an SQLite file, what it has logged ahead."""
        if self.file is None:
            return []
        ahead = f"{self.file}-wal"
        return [self.file, ahead] if os.path.isfile(ahead) else [self.file]  # noqa: PTH113

    def beside(self, base: Path) -> "TableSettings":
        """Return the settings with a path that does not depend on the working directory."""
        if self.file is None:
            return self
        prefix = SQLITE if "://" in self.path else ""
        path = prefix + str(Path(base, self.file).resolve())
        return self.model_copy(update={"path": path})


class HistorySettings(TableSettings):
    """One's own past runs, to learn from.

    Attributes:
        family: what their data descends from, by the name that the study's own datasets of that
            family have. Runs of a family are never learnt from for a task of the same family. Left
            out, they are used for every task, which is welcome for a recommendation, but a study
            with a report must say it.
        architecture: what was trained; by default a network of its own kind.
        floor: the metric of a trivial predictor, such as the share of the largest class; makes
            an accuracy, error or error rate comparable between tasks.
        metric_factor: what the metric is multiplied by: 0.01 for per cent. `floor` counts after
            that.
    """

    family: str | None = None
    architecture: str | None = None
    floor: FiniteFloat | None = None
    metric_factor: Positive = 1.0


def local_file(path: str) -> str | None:
    """Return the file that a path or a database's URL names; None for a server's.

    >>> local_file("runs.csv"), local_file("sqlite:///runs.db?timeout=9"), local_file("mysql://host/a")
    ('runs.csv', 'runs.db', None)
    """
    kind, address, rest = path.partition("://")
    if not address:
        return path
    if kind.partition("+")[0] == "sqlite":
        return rest.removeprefix("/").partition("?")[0]
    return None


def chosen_tasks(settings: TableSettings, found: list[str]) -> list[str]:
    """Return the tasks that are to be read, of all that a table has.

    Raises:
        ProbecastError: one is not there.
    """
    for task in settings.tasks or []:
        if task not in found:
            raise ProbecastError(
                f"{settings.path}: no task {task!r}; correct 'tasks' of the table in the study "
                f"file. {suggest(task, found)}"
            )
    return [task for task in found if settings.tasks is None or task in settings.tasks]
