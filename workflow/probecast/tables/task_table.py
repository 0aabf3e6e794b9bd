"""The trial table of one task, made from the rows of a table from elsewhere."""

from operator import itemgetter

import numpy as np
import pandas as pd

from probecast.console import logger
from probecast.errors import ProbecastError
from probecast.tables.accounts import Account
from probecast.tables.settings import TableSettings
from probecast.trials import IDENTITY, MEASURED, TaskInfo, TrialTable

STEPS = 20  # distances between epochs that are tried, those most common


def task_table(
    where: str,
    task: str,
    architecture: str,
    rows: pd.DataFrame,
    identities: np.ndarray,
    settings: TableSettings,
    partial: bool,
    account: Account,
) -> TrialTable:
    """Make the table of one task from its rows, sorted by configuration, seed and epoch."""
    if partial and (rows["epoch"] == 0).any():
        account.notes.append(
            f"{where}: epoch 0 is taken for the untrained model; if it is the first that was "
            "trained, write 'first_epoch: 0' in the study file"
        )
    untrained = rows.loc[rows["epoch"] == 0, ["val_metric", "test_metric"]]
    floors = untrained.where(np.isfinite(untrained)).median()
    rows, horizon = _trials(where, rows[rows["epoch"] > 0], settings, partial, account)
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


def worth(trials: int, levels: int) -> float:
    """Return how much so many trials tell: one of which only the end is known, half as much."""
    return trials * (1 - 0.5**levels)


def _trials(
    where: str, rows: pd.DataFrame, settings: TableSettings, partial: bool, account: Account
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
    step = int(epochs[0])
    even = np.array_equal(epochs, step * np.arange(1, len(epochs) + 1))
    if partial:
        step = _step(rows["epoch"].to_numpy(), trial, diverged, even)
        if step > epochs[0]:
            account.notes.append(
                f"{where}: only every {step} epochs are looked at, as not all trials have more"
            )
    if not even and not (partial and step):
        raise ProbecastError(
            f"{where}: epochs {', '.join(map(str, epochs[:5]))}, ... are not evenly spaced, so "
            "costs cannot be counted; keep only epochs that are multiples of the first, or take "
            "final values alone (columns.epoch: null in the study file)"
        )
    count = trial[-1] + 1
    epoch, on_grid = _on_grid(rows["epoch"].to_numpy(), diverged, step)
    rows, trial, diverged, epoch = rows[on_grid], trial[on_grid], diverged[on_grid], epoch[on_grid]
    horizon = int(epoch.max())
    starts = _starts(trial)
    ends = np.append(starts[1:], len(trial)) - 1
    trial = _renumbered(trial)
    complete = _without_gaps(epoch, trial)
    complete &= (epoch[ends] == horizon) | diverged[ends] | partial
    if not complete.any():
        raise ProbecastError(
            f"{where}: none of its {count} trials has every epoch from {step} to "
            f"{epochs[-1]}; complete them, or leave the task out"
        )
    if (left_out := count - complete.sum()) > 0:
        reason = "lack epochs in between" if partial else "stop early without having diverged"
        account.leave_out(left_out, "trials", reason)
        logger.info("%s: %d of %d trials %s and are left out", where, left_out, count, reason)
    if partial:
        horizon = int(epoch[complete[trial]].max())
    seconds = rows["seconds"].to_numpy()
    if not on_grid.all() and not settings.cumulative_seconds:
        seconds = np.full(len(rows), np.nan, dtype=np.float32)  # of epochs that are passed over
    elif settings.cumulative_seconds:
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


def _step(epoch: np.ndarray, trial: np.ndarray, diverged: np.ndarray, even: bool) -> int:
    """How many epochs apart trials are looked at, so that most is learnt; 0 if none will do.

    One that logs every epoch must not cost all that log every other, nor the other way round.
    """
    best = (0.0, 0)
    steps, often = np.unique(epoch[_starts(trial)], return_counts=True)
    for step in np.sort(steps[np.argsort(-often, kind="stable")][:STEPS]).tolist():
        on, kept = _on_grid(epoch, diverged, step)
        if kept.any():
            whole = _without_gaps(on[kept], _renumbered(trial[kept]))
            levels = int(on[kept][whole[_renumbered(trial[kept])]].max(initial=0))
            best = max(best, (worth(int(whole.sum()), levels), step), key=itemgetter(0))
    return best[1] or (int(epoch.min()) if even else 0)


def _on_grid(epoch: np.ndarray, diverged: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Each row's place on a grid of epochs, and whether it is on it; divergence is seen next."""
    place = np.where(diverged, -(-epoch // step), epoch // step)
    return place, diverged | (epoch % step == 0)


def _without_gaps(place: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """(trials) whether each has all places from 1 to its last."""
    starts = _starts(trial)
    return np.minimum.reduceat(place == np.arange(len(trial)) - starts[trial] + 1, starts)


def _renumbered(trial: np.ndarray) -> np.ndarray:
    """The numbers of trials, those without a row no longer counted."""
    return np.append(0, np.cumsum(np.diff(trial) > 0))


def _numbered(keys: pd.DataFrame) -> np.ndarray:
    """Number the runs of equal rows from 0."""
    values = keys.to_numpy()
    return np.append(0, np.cumsum((values[1:] != values[:-1]).any(axis=1)))


def _starts(number: np.ndarray) -> np.ndarray:
    """The first row of every run."""
    return np.flatnonzero(np.diff(number, prepend=-1))
