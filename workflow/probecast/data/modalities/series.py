"""Load series: float32 windows (B, T, F) and the 24 hours that follow (B, 24)."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from probecast.data.modalities import Prepared
from probecast.data.raw import RawFile, open_raw
from probecast.data.settings import PreprocessSettings
from probecast.data.sources import Source
from probecast.data.spec import SPLITS
from probecast.errors import ProbecastError
from probecast.seeds import derive

TIMESTAMP = "timestamp"
SEQUENCE_LENGTH = 48  # hours of input
HORIZON = 24  # hours to predict
VAL_SHARE = 0.2  # of the training hours, the last ones, where there is no val.parquet
HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True)
class Timeline:
    """All raw splits, one after the other.

    Attributes:
        times: (N,) datetime64, strictly increasing.
        loads: (N, clients) float64.
        clients: names of the columns of ``loads``.
        targets: per split the hours that may be predicted, as rows of ``loads``.
    """

    times: np.ndarray
    loads: np.ndarray
    clients: list[str]
    targets: dict[str, range]


def prepare(raw: Path, source: Source, settings: PreprocessSettings) -> Prepared:
    """Turn a wide table of hourly loads, one column per client, into windows.

    The split is chronological: every hour to be predicted belongs to one split, val being the
    last part of the training hours, and a training window lies wholly before the first hour
    of val. As in real forecasting, the hours just before a split may be the input history of
    its first windows. Windows are drawn by seed from all pairs of a client and a start hour.

    A window's F = 5 features are the client's load, in standard deviations around its mean
    over the training hours, and sine and cosine of the hour of the day and the day of the
    week. Targets are scaled likewise, so that the MSE is in squared standard deviations.

    Raises:
        ProbecastError: columns, timestamps or values are not as expected, or a split is too
            short for one window.
    """
    timeline = read_timeline(raw)
    length = settings.sequence_length or SEQUENCE_LENGTH
    starts = {}
    for split, targets in timeline.targets.items():
        starts[split] = window_starts(timeline.times, targets, length)
        if len(starts[split]) == 0:
            raise ProbecastError(
                f"{raw}: no window of {length} + {HORIZON} hours in succession ends in the "
                f"{len(targets)} hours of the {split} split; set a smaller sequence_length for "
                f"dataset {settings.dataset!r}, or fetch more hourly rows."
            )

    fitted = timeline.loads[: timeline.targets["train"].stop]
    varying = fitted.max(axis=0) > fitted.min(axis=0)
    if not varying.any():
        raise ProbecastError(
            f"{raw / 'train.parquet'}: none of the {len(timeline.clients)} clients varies over "
            "the training hours; fetch more rows or check the download."
        )
    mean, std = fitted[:, varying].mean(axis=0), fitted[:, varying].std(axis=0)
    scaled = (timeline.loads[:, varying] - mean) / std

    tensors = {}
    for split in SPLITS:
        seed = derive(settings.seed, settings.dataset, "rows", split)
        pairs = np.random.default_rng(seed).permutation(len(starts[split]) * scaled.shape[1])
        limit = getattr(settings, f"{split}_rows")
        index, client = np.divmod(pairs[:limit], scaled.shape[1])
        tensors[split] = _cut_windows(timeline.times, scaled, starts[split][index], client, length)

    return Prepared(
        tensors=tensors,
        input_kind="vectors",
        output_kind="values",
        output_size=HORIZON,
        floor={split: seasonal_naive_mse(**tensors[split]) for split in ("val", "test")},
        notes={
            "clients": int(varying.sum()),
            "dropped_constant_clients": [
                name for name, kept in zip(timeline.clients, varying, strict=True) if not kept
            ],
            "target_hours": {
                split: [str(timeline.times[hours[0]]), str(timeline.times[hours[-1]])]
                for split, hours in timeline.targets.items()
            },
        },
    )


def read_timeline(raw: Path) -> Timeline:
    """Read the raw splits as one timeline.

    Raises:
        ProbecastError: a column is missing or not of numbers, a value is missing, NaN or
            infinite, or the time does not increase within or between the splits.
    """
    files = open_raw(raw, [TIMESTAMP])
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
        hours = targets["train"]
        border = len(hours) - max(HORIZON, round(VAL_SHARE * len(hours)))
        targets["train"], targets["val"] = hours[: max(border, 0)], hours[max(border, 0) :]
    return Timeline(times, np.concatenate([loads for _, loads in parts]), clients, targets)


def _read_split(file: RawFile, clients: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return one raw split's times (N,) and loads (N, clients)."""
    times = file.read(TIMESTAMP)
    if not pa.types.is_timestamp(times.type) or times.null_count:
        raise ProbecastError(
            f"{file.path}: column {TIMESTAMP!r} is of type {times.type} with {times.null_count} "
            "missing values; it must be a complete column of timestamps."
        )
    times = times.to_numpy().astype("datetime64[s]")
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


def window_starts(times: np.ndarray, targets: range, length: int) -> np.ndarray:
    """Return the first row of every window whose predicted hours lie in ``targets``.

    A window is ``length`` input hours and then HORIZON predicted ones, without a gap in time.
    """
    run = np.concatenate([[0], np.cumsum(np.diff(times) != HOUR)])  # (N,) id of gapless run
    starts = np.arange(max(targets.start - length, 0), targets.stop - length - HORIZON + 1)
    return starts[run[starts] == run[starts + length + HORIZON - 1]]


def _cut_windows(
    times: np.ndarray, scaled: np.ndarray, start: np.ndarray, client: np.ndarray, length: int
) -> dict[str, Tensor]:
    """Return inputs (B, T, 5) and targets (B, HORIZON) of the windows at (start, client)."""
    hours = start[:, None] + np.arange(length + HORIZON)  # (B, T + HORIZON)
    loads = scaled[hours, client[:, None]]
    inputs = np.concatenate([loads[:, :length, None], _calendar(times)[hours[:, :length]]], 2)
    return {
        "inputs": torch.from_numpy(inputs.astype(np.float32)),
        "targets": torch.from_numpy(loads[:, length:].astype(np.float32)),
    }


def _calendar(times: np.ndarray) -> np.ndarray:
    """Return sine and cosine of the hour of the day and of the day of the week, (N, 4)."""
    hours = times.astype("datetime64[h]").astype(np.int64)
    day = 2 * np.pi * (hours % 24) / 24
    week = 2 * np.pi * ((hours // 24) % 7) / 7
    return np.stack([np.sin(day), np.cos(day), np.sin(week), np.cos(week)], axis=1)


def seasonal_naive_mse(inputs: Tensor, targets: Tensor) -> float:
    """Return the MSE of predicting the load of one season before.

    The season is a week where the window holds one, else a day, else the last hour (Hyndman
    and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section 5.2).

    Args:
        inputs: (B, T, F), the load being feature 0.
        targets: (B, HORIZON).
    """
    length = inputs.shape[1]
    season = next((s for s in (168, 24) if s <= length), 1)
    hours = length - season + torch.arange(targets.shape[1]) % season
    return (inputs[:, hours, 0] - targets).double().square().mean().item()
