"""Series such as loads: float32 windows (B, T, F) and the 24 steps that follow (B, 24)."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from probecast.data.modalities import KINDS, Prepared
from probecast.data.raw import RawFile, open_raw
from probecast.data.settings import VAL_ROWS, PreprocessSettings
from probecast.data.sources import Source
from probecast.data.spec import SPLITS
from probecast.data.steps import Steps, find_steps, row_by_row
from probecast.errors import ProbecastError
from probecast.seeds import derive

TIMESTAMP = "timestamp"
SEQUENCE_LENGTH = 48  # steps of input
HORIZON = 24  # steps to predict
VAL_SHARE = 0.2  # of the training rows, the last ones, where there is no val.parquet


@dataclass(frozen=True)
class Timeline:
    """All raw splits, one after the other.

    Attributes:
        times: (N,) datetime64, strictly increasing.
        loads: (N, clients) float64.
        clients: names of the columns of ``loads``.
        targets: per split the times that may be predicted, as rows of ``loads``.
        steps: which row is one step after the row before it.
    """

    times: np.ndarray
    loads: np.ndarray
    clients: list[str]
    targets: dict[str, range]
    steps: Steps


def prepare(raw: Path, source: Source, settings: PreprocessSettings) -> Prepared:
    """Turn a wide table of loads at even steps of time, one column per client, into windows.

    The split is chronological: every time to be predicted belongs to one split, val being the
    last part of the training rows, and a training window lies wholly before the first time
    of val. As in real forecasting, the times just before a split may be the input history of
    its first windows. Windows are drawn by seed from all pairs of a client and a start.

    A window has no gap in its steps. Its F = 5 features are the client's load, in standard
    deviations around its mean over the training rows, and sine and cosine of the hour of the day
    and the day of the week; of months and longer steps those of the month and zeros. Targets are
    scaled likewise, so that the MSE is in squared standard deviations.

    Raises:
        ProbecastError: columns, timestamps or values are not as expected, or a split is too
            short for one window.
    """
    own = settings.own
    timeline = read_timeline(raw, by_rows=own is not None and own.steps == "rows")
    length = settings.sequence_length or SEQUENCE_LENGTH
    starts = {}
    for split, targets in timeline.targets.items():
        starts[split] = window_starts(timeline, targets, length)
        if len(starts[split]) == 0:
            raise _no_window(raw, timeline, split, length, settings)

    fitted = timeline.loads[: timeline.targets["train"].stop]
    varying = fitted.max(axis=0) > fitted.min(axis=0)
    if not varying.any():
        raise ProbecastError(
            f"{raw / 'train.parquet'}: none of the {len(timeline.clients)} clients varies over "
            "the training rows; bring more rows or check the data."
        )
    mean, std = fitted[:, varying].mean(axis=0), fitted[:, varying].std(axis=0)
    scaled = (timeline.loads[:, varying] - mean) / std

    limits = {
        "train": settings.train_rows,
        "val": settings.val_rows or VAL_ROWS,
        "test": settings.test_rows,
    }
    tensors = {}
    for split in SPLITS:
        seed = derive(settings.seed, settings.dataset, "rows", split)
        pairs = np.random.default_rng(seed).permutation(len(starts[split]) * scaled.shape[1])
        index, client = np.divmod(pairs[: limits[split]], scaled.shape[1])
        tensors[split] = _cut_windows(timeline, scaled, starts[split][index], client, length)

    floor = {
        split: seasonal_naive_mse(**tensors[split], seasons=timeline.steps.seasons)
        for split in ("val", "test")
    }
    notes = {
        "clients": int(varying.sum()),
        "dropped_constant_clients": np.array(timeline.clients)[~varying].tolist(),
        "step": timeline.steps.name,
        "target_times": {
            split: [str(timeline.times[rows[0]]), str(timeline.times[rows[-1]])]
            for split, rows in timeline.targets.items()
        },
    }
    facts = [f"windows: {length} steps and the {HORIZON} after; step: {timeline.steps.name}"]
    if dropped := notes["dropped_constant_clients"]:
        facts.append(f"not used: {len(dropped)} series that never vary, {', '.join(dropped[:5])}")
    return Prepared(tensors, *KINDS["series"], HORIZON, floor, notes=notes, facts=facts)


def _no_window(
    raw: Path, timeline: Timeline, split: str, length: int, settings: PreprocessSettings
) -> ProbecastError:
    """Return the error that says why a split has no window, and what to do."""
    targets, gaps = timeline.targets[split], len(timeline.steps.gaps)
    remedy = f"set a smaller sequence_length for dataset {settings.dataset!r}"
    if gaps and settings.own:
        key = f"datasets.{settings.dataset}.own"
        remedy += f", write `steps: rows` under `{key}` if every row is one step whenever it is"
    return ProbecastError(
        f"{raw}: no window of {length} + {HORIZON} rows in succession, one every "
        f"{timeline.steps.name}, ends in the {len(targets)} rows of the {split} split (there are "
        f"{gaps} gaps in {len(timeline.times)} rows); {remedy}, or bring more rows at even steps "
        "of time."
    )


def read_timeline(raw: Path, by_rows: bool = False) -> Timeline:
    """Read the raw splits as one timeline, in which ``by_rows`` every row is a step.

    Raises:
        ProbecastError: a column is not of finite numbers, or the time does not increase within or
            between the splits.
    """
    files = open_raw(raw)
    clients = [name for name in files["train"].columns if name != TIMESTAMP]
    parts, targets, first = [], {}, 0
    for split, file in files.items():  # in the order of time
        parts.append(_read_split(file, clients))
        targets[split] = range(first, first + file.row_count)
        first = targets[split].stop
    times = np.concatenate([times for times, _ in parts])
    for before, split in pairwise(targets):
        if times[targets[split][0]] <= times[targets[before][-1]]:
            raise ProbecastError(
                f"{files[split].path}: begins at {times[targets[split][0]]}, but "
                f"{files[before].path} ends at {times[targets[before][-1]]}; splits must "
                "follow each other in time."
            )
    if "val" not in files:
        rows = targets["train"]
        border = len(rows) - max(HORIZON, round(VAL_SHARE * len(rows)))
        targets["train"], targets["val"] = rows[: max(border, 0)], rows[max(border, 0) :]
    steps = row_by_row(len(times)) if by_rows else find_steps(times)
    return Timeline(times, np.concatenate([loads for _, loads in parts]), clients, targets, steps)


def _read_split(file: RawFile, clients: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return one raw split's times (N,) and loads (N, clients)."""
    times = file.read(TIMESTAMP)
    if not pa.types.is_timestamp(times.type) or times.null_count:
        raise ProbecastError(
            f"{file.path}: column {TIMESTAMP!r} is of type {times.type} with {times.null_count} "
            "missing values; it must be a complete column of timestamps."
        )
    exact = times.to_numpy().astype("datetime64[us]")
    times = exact.astype("datetime64[s]")
    times = times if (times == exact).all() else exact
    if (backwards := np.flatnonzero(np.diff(times) <= np.timedelta64(0))).size:
        row = backwards[0] + 1
        raise ProbecastError(
            f"{file.path}, row {row}, column {TIMESTAMP!r}: {times[row]} follows "
            f"{times[row - 1]}; sort the rows by time and keep each time once."
        )
    if different := sorted({*file.columns} ^ {TIMESTAMP, *clients}):
        raise ProbecastError(
            f"{file.path}: columns {different[:5]} stand in one split only; every split needs "
            "the same clients."
        )
    loads = np.empty((file.row_count, len(clients)))
    for i, client in enumerate(clients):
        values = file.read(client)
        if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
            raise ProbecastError(
                f"{file.path}: column {client!r} is of type {values.type}; a client's load must "
                "be numbers. Remove the column at the source."
            )
        loads[:, i] = values.cast(pa.float64()).to_numpy()  # missing becomes NaN
        if (invalid := np.flatnonzero(~np.isfinite(loads[:, i]))).size:
            raise ProbecastError(
                f"{file.path}: client {client!r} is {loads[invalid[0], i]} at "
                f"{times[invalid[0]]} and in {len(invalid)} rows altogether; fill the gaps or "
                "remove the client at the source."
            )
    return times, loads


def window_starts(timeline: Timeline, targets: range, length: int) -> np.ndarray:
    """Return the first row of every window of ``length`` + HORIZON steps without a gap in time.

    The predicted ones, the last HORIZON, lie in ``targets``.
    """
    run = np.concatenate([[0], np.cumsum(~timeline.steps.follows)])  # (N,) id of gapless run
    starts = np.arange(max(targets.start - length, 0), targets.stop - length - HORIZON + 1)
    return starts[run[starts] == run[starts + length + HORIZON - 1]]


def _cut_windows(
    timeline: Timeline, scaled: np.ndarray, start: np.ndarray, client: np.ndarray, length: int
) -> dict[str, Tensor]:
    """Return inputs (B, T, 5) and targets (B, HORIZON) of the windows at (start, client)."""
    rows = start[:, None] + np.arange(length + HORIZON)  # (B, T + HORIZON)
    loads = scaled[rows, client[:, None]]
    calendar = _calendar(timeline.times, timeline.steps.of_the_year)
    inputs = np.concatenate([loads[:, :length, None], calendar[rows[:, :length]]], 2)
    return {
        "inputs": torch.from_numpy(inputs.astype(np.float32)),
        "targets": torch.from_numpy(loads[:, length:].astype(np.float32)),
    }


def _calendar(times: np.ndarray, of_the_year: bool) -> np.ndarray:
    """Return sine and cosine of the hour of the day and of the day of the week, (N, 4).

    Of parts of the year they are those of the month, and zeros.
    """
    if of_the_year:
        month = 2 * np.pi * (times.astype("datetime64[M]").astype(np.int64) % 12) / 12
        nothing = np.zeros(len(times))
        return np.stack([np.sin(month), np.cos(month), nothing, nothing], axis=1)
    hours = times.astype("datetime64[s]").astype(np.int64) / 3600
    day = 2 * np.pi * (hours % 24) / 24
    week = 2 * np.pi * ((hours // 24) % 7) / 7
    return np.stack([np.sin(day), np.cos(day), np.sin(week), np.cos(week)], axis=1)


def seasonal_naive_mse(inputs: Tensor, targets: Tensor, seasons: tuple[int, ...]) -> float:
    """Return the MSE of predicting the load of one season before.

    The season is the first of ``seasons``, in steps, that the window holds, such as a week or a
    day, else the last step (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd
    edition, section 5.2). The load is feature 0 of ``inputs`` (B, T, F); ``targets`` are
    (B, HORIZON).
    """
    length = inputs.shape[1]
    season = next((steps for steps in seasons if 1 <= steps <= length), 1)
    earlier = length - season + torch.arange(targets.shape[1]) % season
    return (inputs[:, earlier, 0] - targets).double().square().mean().item()
