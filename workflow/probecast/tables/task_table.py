"""The trial table of one task, made from the rows of a table from elsewhere."""

import numpy as np
import pandas as pd

from probecast.console import logger
from probecast.errors import ProbecastError
from probecast.tables.settings import TableSettings
from probecast.trials import IDENTITY, MEASURED, TaskInfo, TrialTable


def task_table(
    where: str,
    task: str,
    architecture: str,
    rows: pd.DataFrame,
    identities: np.ndarray,
    settings: TableSettings,
    partial: bool,
) -> TrialTable:
    """Make the table of one task from its rows, sorted by configuration, seed and epoch."""
    untrained = rows.loc[rows["epoch"] == 0, ["val_metric", "test_metric"]]
    floors = untrained.where(np.isfinite(untrained)).median()
    rows, horizon = _trials(where, rows[rows["epoch"] > 0], settings, partial)
    number, own = pd.factorize(rows["config_id"], sort=True)
    info = TaskInfo(
        **dict.fromkeys(("task", "dataset", "family"), task),
        architecture=architecture,
        metric=settings.metric,
        higher_is_better=settings.higher_is_better,
        floor_val=float(floors["val_metric"]),
        floor_test=float(floors["test_metric"]),
        epochs=horizon,
        precision="unknown",
        machine="unknown",
        meta_features={},
    )
    shared = {
        name: pd.Categorical.from_codes(np.zeros(len(rows), dtype=np.int8), [getattr(info, name)])
        for name in IDENTITY
        if name != "config_id"
    }
    nothing = np.full(len(rows), np.nan, dtype=np.float32)
    unknown = dict.fromkeys(("train_loss", "val_loss", "flops"), nothing)
    identity = pd.Categorical.from_codes(number, identities[own])
    hyperparameters = [name for name in rows if name not in (*MEASURED, "config_id")]
    frame = rows.assign(**shared, **unknown, config_id=identity)
    frame = frame[[*IDENTITY, *hyperparameters, *MEASURED]].reset_index(drop=True)
    return TrialTable(info, hyperparameters, frame)


def _trials(
    where: str, rows: pd.DataFrame, settings: TableSettings, partial: bool
) -> tuple[pd.DataFrame, int]:
    """The rows of the trials that are kept, epochs counted 1 to the horizon; the horizon."""
    column = settings.columns.val_metric
    finite = np.isfinite(rows["val_metric"].to_numpy())
    if not finite.any():
        raise ProbecastError(
            f"{where}: column {column!r} holds no finite value after epoch 0; leave the task out"
        )
    trial = _numbered(rows[["config_id", "seed"]])
    failures = np.cumsum(~finite)
    before = (failures - ~finite)[_starts(trial)]  # in the trials above
    kept = failures - ~finite == before[trial]  # nothing but the last row has failed
    rows, trial, diverged = rows[kept], trial[kept], ~finite[kept]

    epochs = np.unique(rows["epoch"])
    step, horizon = int(epochs[0]), len(epochs)
    if not np.array_equal(epochs, step * np.arange(1, horizon + 1)):
        raise ProbecastError(
            f"{where}: epochs {', '.join(map(str, epochs[:5]))}, ... are not evenly spaced, so "
            "costs cannot be counted; keep only epochs that are multiples of the first, or take "
            "final values alone (columns.epoch: null in the study file)"
        )
    starts = _starts(trial)
    ends = np.append(starts[1:], len(trial)) - 1
    position = np.arange(len(trial)) - starts[trial] + 1
    epoch = rows["epoch"].to_numpy() // step
    complete = np.minimum.reduceat(epoch == position, starts)
    complete &= (epoch[ends] == horizon) | diverged[ends] | partial
    if not complete.any():
        raise ProbecastError(
            f"{where}: none of its {len(complete)} trials has every epoch from {step} to "
            f"{epochs[-1]}; complete them, or leave the task out"
        )
    if not complete.all():
        logger.info(
            "%s: %d of %d trials %s and are left out",
            *(where, (~complete).sum(), len(complete)),
            "lack epochs in between" if partial else "stop early without having diverged",
        )
    seconds = rows["seconds"].to_numpy()
    if settings.cumulative_seconds:
        seconds = np.diff(seconds, prepend=np.float32(0))
        seconds[starts] = rows["seconds"].to_numpy()[starts]
    test = rows["test_metric"].to_numpy()
    rows = rows.assign(
        epoch=epoch.astype(np.int32),
        val_metric=rows["val_metric"].where(~diverged),
        test_metric=np.where(diverged | ~np.isfinite(test), np.nan, test),
        seconds=seconds,
        status=pd.Categorical.from_codes(diverged.astype(np.int8), ["ok", "diverged"]),
    )[complete[trial]]
    # Seeds are counted anew in each configuration: 0 is its first complete trial.
    trial = _numbered(rows[["config_id", "seed"]])
    configuration = _numbered(rows[["config_id"]])
    return rows.assign(seed=trial - trial[_starts(configuration)][configuration]), horizon


def _numbered(keys: pd.DataFrame) -> np.ndarray:
    """Number the runs of equal rows from 0."""
    values = keys.to_numpy()
    return np.append(0, np.cumsum((values[1:] != values[:-1]).any(axis=1)))


def _starts(number: np.ndarray) -> np.ndarray:
    """The first row of every run."""
    return np.flatnonzero(np.diff(number, prepend=-1))
