"""The trial table: every trial of a task, one row per epoch. The project's one currency."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypedDict,
    get_args,
    get_type_hints,
)

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from probecast.errors import ProbecastError, short
from probecast.files import atomic_path, checked, first_problem
from probecast.space import Configuration, config_id

# Slow to load, and who asks and tells has no table: imported where one is read or written.
if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Identity(TypedDict):
    """The first columns. Every row is one epoch of one trial: one configuration, one seed.

    Next comes a column for every hyperparameter (numbers, texts or truth values), empty where a
    configuration has no such hyperparameter.

    Attributes:
        task: ``<dataset>-<architecture>``.
        dataset: the dataset's name.
        family: what the dataset descends from; tasks of one family are held out together.
        architecture: the network's registered name.
        config_id: the configuration's identity, the beginning of a SHA-256 of its values.
    """

    task: str
    dataset: str
    family: str
    architecture: str
    config_id: str


class Measured(TypedDict):
    """The last columns: what one epoch of a trial came to.

    Losses and metrics are empty where it diverged; in tables from elsewhere, so is what they lack.

    Attributes:
        seed: of initialisation, order and dropout.
        epoch: counted from 1; a trial has every epoch up to its last.
        train_loss: mean over the epoch's examples, as they were trained on (with dropout).
        val_loss: mean loss on the validation split after this epoch.
        val_metric: the task's metric there, in natural units.
        test_metric: the same on the test split; no tuner sees it.
        seconds: core time of this epoch's training, evaluation not included (on a GPU, time on
            the clock).
        flops: floating-point operations of this epoch's training.
        status: ``ok``; or ``diverged`` for a trial that ended here, since a loss was not finite
            or beyond all bounds.
    """

    seed: int
    epoch: int
    train_loss: float | None
    val_loss: float | None
    val_metric: float | None
    test_metric: float | None
    seconds: float | None
    flops: float | None
    status: Literal["ok", "diverged"]


def _columns(kind: type) -> dict[str, str]:
    """Return the Arrow type of each column."""
    types = {int: "int64", float | None: "double"}
    return {name: types.get(hint, "string") for name, hint in get_type_hints(kind).items()}


IDENTITY, MEASURED = _columns(Identity), _columns(Measured)
REQUIRED = [name for name, kind in (IDENTITY | MEASURED).items() if kind != "double"]
STATUSES = get_args(Measured.__annotations__["status"])
MOST_ROWS = 20_000_000  # of one file; a few compressed bytes may claim any number
LONGEST_TEXT = 1000  # characters
SETTINGS = "numbers, texts or truth values"  # what a hyperparameter can be


@dataclass(frozen=True)
class TaskInfo:
    """What every row of a task's table has in common; kept in the Parquet metadata.

    Attributes:
        task: ``<dataset>-<architecture>``.
        dataset: the dataset's name.
        family: what the dataset descends from.
        architecture: the network's registered name.
        metric: name of the metric in natural units.
        higher_is_better: the metric's direction.
        floor_val: the trivial predictor's metric on the validation split, or the untrained
            model's; NaN where neither is known.
        floor_test: the same on the test split.
        epochs: the horizon E: the full budget of one trial.
        precision: number format of training.
        machine: what the seconds were measured on; ratios need one machine. The parts of a
            sweep may come from several, which are then all named.
        meta_features: the dataset's description, for the meta-encoder.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    task: str
    dataset: str
    family: str
    architecture: str
    metric: str
    higher_is_better: bool
    floor_val: float
    floor_test: float
    epochs: Annotated[int, Field(ge=1, le=10**5)]
    precision: str
    machine: str
    meta_features: dict[str, float]

    @classmethod
    def of_user(
        cls, metric: str, higher_is_better: bool, floor: float, epochs: int, architecture: str
    ) -> "TaskInfo":
        """Describe what a user trains in a loop of their own: no family, no data is known."""
        return cls(
            task="own",
            dataset="own",
            family="own",
            architecture=architecture,
            metric=metric,
            higher_is_better=higher_is_better,
            floor_val=floor,
            floor_test=floor,
            epochs=epochs,
            precision="unknown",
            machine="unknown",
            meta_features={},
        )

    @property
    def sign(self) -> int:
        """What the metric is multiplied by so that larger is better: 1 or -1."""
        return 1 if self.higher_is_better else -1


@dataclass(frozen=True, eq=False)
class TrialTable:
    """The trials of one task. Tables are compared by identity, so that they can be cached by.

    Attributes:
        info: what all rows share.
        hyperparameters: names of the hyperparameter columns.
        frame: one row per (config_id, seed, epoch), epochs counted from 1, sorted;
            ``seconds`` and ``flops`` are those of that epoch alone. A diverged trial
            ends with a row of status ``diverged`` whose losses and metrics are NaN.
    """

    info: TaskInfo
    hyperparameters: list[str]
    frame: "pd.DataFrame"

    def configurations(self) -> dict[str, Configuration]:
        """Return the configurations by ``config_id``, in the order of first appearance."""
        rows = self.frame.drop_duplicates("config_id")
        records = configurations_of(rows[self.hyperparameters])
        return dict(zip(rows["config_id"], records, strict=True))

    def main_seed(self) -> int:
        """Return the seed that most configurations have, of ties the least; others are repeats."""
        trials = self.frame.drop_duplicates(["config_id", "seed"])["seed"]
        return int(trials.value_counts(sort=False).sort_index().idxmax())

    def without_repeats(self) -> "TrialTable":
        """Return the trials of the main seed."""
        frame = self.frame[self.frame["seed"] == self.main_seed()].reset_index(drop=True)
        return TrialTable(self.info, self.hyperparameters, frame)

    def curves(self, column: str = "val_metric", seed: int | None = None) -> "pd.DataFrame":
        """Return a (config_id, seed) x epoch frame of ``column``; NaN from divergence on."""
        frame = self.frame if seed is None else self.frame[self.frame["seed"] == seed]
        curves = frame.pivot(index=["config_id", "seed"], columns="epoch", values=column)
        return curves.reindex(columns=range(1, self.info.epochs + 1))

    def with_floor(self, column: str = "test_metric", seed: int | None = None) -> "pd.DataFrame":
        """Like ``curves``, with what diverged set to the floor: it is worth no more.

        Where the trivial predictor is better than all trials, it is worth what the worst is.
        """
        curves, sign = self.curves(column, seed), self.info.sign
        ends, floor = sign * curves[self.info.epochs], sign * self.floor(column)
        return curves.fillna(sign * (ends.min() if floor > ends.max() else floor))

    def ends(self, column: str = "val_metric") -> "pd.Series":
        """Return each configuration's last value, mean over seeds; what diverged is the floor."""
        return self.with_floor(column)[self.info.epochs].groupby("config_id").mean()

    def floor(self, column: str = "test_metric") -> float:
        """Return the metric that has regret 1: the info's floor, else the worst finite value.

        The latter is for sources and for judging; a tuner must not learn it of its target.
        """
        floor = self.info.floor_test if column == "test_metric" else self.info.floor_val
        if math.isfinite(floor):
            return floor
        return float(self.info.sign * (self.info.sign * self.frame[column]).min())

    def write(self, path: str | Path) -> None:
        """Write the table atomically as Parquet, its info in the schema's metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        hyperparameters = {name: _storable(self.frame[name]) for name in self.hyperparameters}
        types = [(name, type_) for name, (_, type_) in hyperparameters.items()]
        schema = pa.schema(
            [*IDENTITY.items(), *types, *MEASURED.items()],
            metadata={"probecast": json.dumps(asdict(self.info))},
        )
        frame = self.frame.assign(**{n: column for n, (column, _) in hyperparameters.items()})
        table = pa.Table.from_pandas(
            frame[schema.names], schema=schema, preserve_index=False
        ).replace_schema_metadata(schema.metadata)
        with atomic_path(path) as temporary:
            pq.write_table(table, temporary, compression="zstd")


def build_table(
    info: TaskInfo, hyperparameters: list[str], rows: Iterable[dict[str, Any]]
) -> TrialTable:
    """Make a table from epoch records.

    Args:
        info: what all rows share; fills the identity columns.
        hyperparameters: names of the hyperparameter columns.
        rows: dicts with ``config_id``, the hyperparameters and the measured columns.
    """
    import pandas as pd

    shared = {name: getattr(info, name) for name in IDENTITY if name != "config_id"}
    frame = pd.DataFrame([{**shared, **row} for row in rows])
    frame = frame[[*IDENTITY, *hyperparameters, *MEASURED]]
    return TrialTable(info, list(hyperparameters), _sorted(frame))


def read_table(paths: str | Path | Iterable[str | Path]) -> TrialTable:
    """Read the union of one task's files.

    Raises:
        ProbecastError: a file is missing or damaged, lacks a column, holds values that
            cannot be, or the files disagree about the task.
    """
    paths = [paths] if isinstance(paths, str | Path) else list(paths)
    return _union(paths, [_read_one(Path(path)) for path in paths])


def read_tables(paths: Iterable[str | Path]) -> list[TrialTable]:
    """Read the tables of any number of tasks, each the union of its files.

    A folder stands for all tables in it.

    Raises:
        ProbecastError: as ``read_table``.
    """
    parts: dict[str, list[tuple[Path, TrialTable]]] = {}
    for path in map(Path, paths):
        for file in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
            table = _read_one(file)
            parts.setdefault(table.info.task, []).append((file, table))
    return [_union(*zip(*part, strict=True)) for part in parts.values()]


def read_sweeps(paths: Iterable[str | Path]) -> list[TrialTable]:
    """Like ``read_tables``, but without what was trained a second time with another seed."""
    return [table.without_repeats() for table in read_tables(paths)]


def _union(paths: Sequence[str | Path], tables: Sequence[TrialTable]) -> TrialTable:
    import pandas as pd

    first = tables[0]
    machines = "; ".join(dict.fromkeys(table.info.machine for table in tables))
    info = replace(first.info, machine=machines)
    for path, table in zip(paths, tables, strict=True):
        same = replace(table.info, machine=machines) == info
        if not same or table.hyperparameters != first.hyperparameters:
            raise ProbecastError(
                f"{path}: describes another task or study than {paths[0]}; "
                "delete the older file and rerun its stage"
            )
    if len(tables) == 1:
        return first
    frame = pd.concat([table.frame for table in tables], ignore_index=True)
    _check_unique(frame, ", ".join(map(str, paths)))
    return TrialTable(info, first.hyperparameters, _sorted(frame))


def _read_one(path: Path) -> TrialTable:
    """Read one file, which may come from anyone: nothing about it is taken on trust."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(checked(path))
        texts = [field.name for field in schema if _is_text(field.type)]
        # As dictionaries, in which a text that fills every row is held once.
        file = pq.ParquetFile(path, read_dictionary=texts)
        if file.metadata.num_rows > MOST_ROWS:
            raise ProbecastError(f"{path}: more than {MOST_ROWS:,} rows; divide the table")
        info = _read_info(path, schema.metadata)
        table = _typed(path, file.read())
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise ProbecastError(
            f"{path}: not a readable Parquet file ({error}); delete it and rerun its stage"
        ) from None
    hyperparameters = [n for n in table.column_names if n not in IDENTITY and n not in MEASURED]
    frame = _sorted(table.to_pandas(ignore_metadata=True))
    _check_unique(frame, str(path))
    read = TrialTable(info, hyperparameters, frame)
    for problem in _impossible(read):
        raise ProbecastError(f"{path}: {problem}; delete it and rerun its stage")
    return read


def _read_info(path: Path, metadata: dict[bytes, bytes] | None) -> TaskInfo:
    try:
        return TypeAdapter(TaskInfo).validate_json((metadata or {})[b"probecast"])
    except (KeyError, ValidationError) as error:
        reason = first_problem(error) if isinstance(error, ValidationError) else "absent"
        raise ProbecastError(
            f"{path}: no trial table of this version (metadata 'probecast': {reason}); rerun its "
            "stage, or name the file under 'tables' in the study file with a column mapping"
        ) from None


def _typed(path: Path, table: "pa.Table") -> "pa.Table":
    """Return the columns in the types that ``TrialTable.write`` gives them."""
    import pyarrow as pa

    names = table.column_names
    missing = [name for name in (*IDENTITY, *MEASURED) if name not in names]
    if missing or len(set(names)) < len(names):
        problem = f"columns {missing} are missing" if missing else "two columns have one name"
        raise ProbecastError(f"{path}: {problem}; found {short(names)}")
    columns = {}
    for name in names:
        column = table.column(name)
        kind = {**IDENTITY, **MEASURED}.get(name) or _hyperparameter_type(column.type)
        try:
            if pa.types.is_dictionary(column.type):
                _check_texts(column)
            columns[name] = column.cast(kind)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise ProbecastError(
                f"{path}: column {name!r} holds {column.type}, not {kind or SETTINGS} "
                f"({short(str(error))}); delete it and rerun its stage"
            ) from None
        if column.null_count and name in REQUIRED:
            raise ProbecastError(
                f"{path}: column {name!r} has rows without a value; delete it and rerun its stage"
            )
    return pa.table(columns)


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _hyperparameter_type(kind: "pa.DataType") -> "pa.DataType | None":
    """The type under which ``TrialTable.write`` has stored a hyperparameter, None if none."""
    import pyarrow as pa

    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_boolean(kind):
        return kind
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if _is_text(value) or pa.types.is_null(value) else None


def _check_texts(column: "pa.ChunkedArray") -> None:
    longest = max((len(str(v)) for c in column.chunks for v in c.dictionary), default=0)
    if longest > LONGEST_TEXT:
        raise ValueError(f"a text of {longest} characters")


def _impossible(table: TrialTable) -> Iterator[str]:
    """What in a table's rows, sorted and unique, contradicts what a trial table is."""
    info, frame = table.info, table.frame
    if unknown := sorted(set(frame["status"]) - set(STATUSES)):
        yield f"status {short(unknown)} unknown; a trial is one of {STATUSES}"
    for name in IDENTITY:
        if name != "config_id" and set(frame[name]) != {getattr(info, name)}:
            yield f"column {name!r} holds other than {getattr(info, name)!r}, or nothing"
    position = frame.groupby(["config_id", "seed"], sort=False).cumcount() + 1
    if (frame["epoch"] != position).any() or frame["epoch"].max() > info.epochs:
        yield f"epochs must lie within 1..{info.epochs}, none missing"
    diverged = frame["status"] == "diverged"
    if (diverged & (position.shift(-1) > 1)).any():
        yield "a trial goes on after it has diverged"
    if not np.isfinite(frame["val_metric"][~diverged]).all():
        yield "a trial of status 'ok' has no finite val_metric"
    if ((frame["seconds"] < 0) | (frame["flops"] < 0)).any():
        yield "seconds and flops cannot be negative"
    settings = frame[["config_id", *table.hyperparameters]].drop_duplicates()
    if twice := sorted(settings["config_id"][settings["config_id"].duplicated()]):
        yield f"config_id {twice[0]!r} stands for two configurations"
    # Its own identity need not be the one computed here: mixed values were stored as texts.
    known = [config_id(c) for c in configurations_of(settings[table.hyperparameters])]
    if len(set(known)) < len(known):
        yield "one configuration has two config_id"


def _check_unique(frame: "pd.DataFrame", where: str) -> None:
    repeated = frame.duplicated(["config_id", "seed", "epoch"])
    if repeated.any():
        row = frame[repeated].iloc[0]
        raise ProbecastError(
            f"{where}: epoch {row['epoch']} of configuration {row['config_id']}, seed "
            f"{row['seed']}, stands there twice; delete one of the files and rerun its stage"
        )


def configurations_of(frame: "pd.DataFrame") -> list[Configuration]:
    """Return one configuration per row; a hyperparameter without a value is left out."""
    import pandas as pd

    return [
        {name: _item(value) for name, value in record.items() if not pd.isna(value)}
        for record in frame.to_dict("records")
    ]


def _sorted(frame: "pd.DataFrame") -> "pd.DataFrame":
    return frame.sort_values(["config_id", "seed", "epoch"], ignore_index=True)


def _storable(column: "pd.Series") -> tuple["pd.Series", "pa.DataType"]:
    """Numbers as float64 whatever mixture of ints and floats, truth values, or else text."""
    import pandas as pd
    import pyarrow as pa

    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "boolean":
        return column, pa.bool_()
    if pd.api.types.is_numeric_dtype(column):
        return column, pa.float64()
    if kind.startswith("mixed"):  # such as 1, 2 and "auto"
        column = column.map(str, na_action="ignore")
    return column, pa.string()


def _item(value: Any) -> Any:
    """A plain Python value; whole floats as ints, as configurations spell them."""
    if isinstance(value, float | np.floating):
        return int(value) if float(value).is_integer() else float(value)
    return value


def dataset_of(task: str) -> str:
    """Return the dataset's name.

    >>> dataset_of("mnist-cnn")
    'mnist'
    """
    return task.partition("-")[0]


def architecture_of(task: str) -> str:
    """Return the architecture's name.

    >>> architecture_of("mnist-cnn")
    'cnn'
    """
    return task.partition("-")[2]
