"""Load: hourly electricity demand of 32 invented clients, in kW.

A stand-in for Electricity Load Diagrams that needs no download. What a forecaster can
learn: daily and weekly shapes per type of client, the weather that all clients share,
holidays, level shifts, and noise that lasts for some hours. Same wide schema as
``electricity``: ``timestamp`` and one column per client.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from probecast.data.sources import Source
from probecast.seeds import derive

if TYPE_CHECKING:
    from datasets import DatasetDict

CLIENTS = 32
START = "2023-01-02 00:00"  # a Monday
TRAIN_HOURS = 16 * 7 * 24
TEST_HOURS = 4 * 7 * 24
HOLIDAYS = (
    "2023-01-06",
    "2023-02-20",
    "2023-04-07",
    "2023-04-10",
    "2023-05-01",
    "2023-05-18",
    "2023-05-29",
    "2023-08-15",
)


@dataclass(frozen=True)
class ClientType:
    """How one type of client uses electricity.

    Attributes:
        peaks: (hour of day, width in hours, height) of its daily peaks, on a base of 1.
        weekend: share of the peaks that is left on weekends and holidays.
        heating: share added per degree below 15 °C.
        cooling: share added per degree above 18 °C.
        noise: standard deviation of the logarithm of its noise.
    """

    peaks: tuple[tuple[float, float, float], ...]
    weekend: float
    heating: float
    cooling: float
    noise: float


CLIENT_TYPES = (
    ClientType(((7.5, 1.5, 0.8), (19.5, 2.5, 1.6)), 1.2, 0.02, 0.01, 0.22),  # household
    ClientType(((10.5, 2.5, 2.2), (15, 2.5, 2.0)), 0.1, 0.015, 0.05, 0.15),  # office
    ClientType(((11.5, 2.5, 1.4), (18, 2.0, 1.6)), 0.7, 0.01, 0.04, 0.20),  # shop
    ClientType(((9, 3.5, 1.0), (15, 3.5, 1.0), (22, 3.0, 0.6)), 0.4, 0.0, 0.01, 0.15),  # factory
    ClientType(((2, 2.5, 2.0), (13.5, 1.0, 0.4)), 1.0, 0.06, 0.0, 0.22),  # night storage heating
)


def lasting_noise(
    generator: np.random.Generator, shape: tuple[int, int], hold: float
) -> np.ndarray:
    """Return unit-variance noise of shape (hours, columns) that decays by ``hold`` an hour.

    A first-order autoregression, started in its stationary state.
    """
    noise = generator.normal(size=shape)
    noise[1:] *= np.sqrt(1 - hold**2)
    for hour in range(1, shape[0]):
        noise[hour] += hold * noise[hour - 1]
    return noise


def temperature(hours: pd.DatetimeIndex, generator: np.random.Generator) -> np.ndarray:
    """Return degrees Celsius by hour: the year, the day, and weather that lasts for days."""
    year = -8 * np.cos(2 * np.pi * (hours.day_of_year.to_numpy() - 20) / 365.25)
    day = -3 * np.cos(2 * np.pi * (hours.hour.to_numpy() - 3) / 24)
    return 12 + year + day + 3.5 * lasting_noise(generator, (len(hours), 1), hold=0.98)[:, 0]


def daily_peaks(hour: np.ndarray, client_type: ClientType, late: float) -> np.ndarray:
    """Return the height of the daily peaks at each hour, shifted ``late`` hours."""
    total = np.zeros(len(hour))
    for centre, width, height in client_type.peaks:
        distance = (hour - centre - late + 12) % 24 - 12  # around the clock
        total += height * np.exp(-0.5 * (distance / width) ** 2)
    return total


def level(hours: int, generator: np.random.Generator) -> np.ndarray:
    """Return a client's level by hour: 1, times a lasting step about every six weeks."""
    steps = generator.normal(scale=0.15, size=hours) * (generator.random(hours) < 1 / (6 * 7 * 24))
    return np.exp(np.cumsum(steps))


def generate(rows: dict[str, int], seed: int, start: str = START) -> "DatasetDict":
    """Return 16 weeks for training, then 4 weeks for testing, whatever ``rows`` asks for.

    Rows of a series are windows, which are cut later; the hours are fixed so that every
    window length and every number of windows finds enough of them.
    """
    from datasets import Dataset, DatasetDict

    hours = pd.date_range(start, periods=TRAIN_HOURS + TEST_HOURS, freq="h")
    generator = np.random.default_rng(derive(seed, "load"))
    degrees = temperature(hours, generator)
    noise = lasting_noise(generator, (len(hours), CLIENTS), hold=0.5)
    free = (hours.day_of_week >= 5) | hours.normalize().isin(pd.to_datetime(HOLIDAYS))

    columns = {"timestamp": hours}
    for client in range(CLIENTS):
        kind = CLIENT_TYPES[client % len(CLIENT_TYPES)]
        peaks = daily_peaks(hours.hour.to_numpy(), kind, late=generator.normal(scale=0.7))
        shape = 1 + peaks * np.where(free, kind.weekend, 1.0)
        weather = 1 + generator.uniform(0.5, 1.5) * (
            kind.heating * np.clip(15 - degrees, 0, None)
            + kind.cooling * np.clip(degrees - 18, 0, None)
        )
        size = np.exp(generator.normal(loc=3, scale=0.8))
        load = size * shape * weather * level(len(hours), generator)
        columns[f"client_{client:02d}"] = np.round(
            load * np.exp(kind.noise * noise[:, client]), 3
        ).astype(np.float32)
    table = pd.DataFrame(columns)
    return DatasetDict(
        train=Dataset.from_pandas(table[:TRAIN_HOURS], preserve_index=False),
        test=Dataset.from_pandas(table[TRAIN_HOURS:], preserve_index=False),
    )


SOURCE = Source(
    name="load",
    family="load",
    modality="series",
    metric="mse",
    generate=generate,
)
