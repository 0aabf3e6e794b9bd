"""What a tuner of one's own keeps in a file, so that a loop can go on after a restart."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from probecast.errors import ProbecastError, short
from probecast.files import read_json_as, write_json
from probecast.space import Configuration, Space
from probecast.tuning.protocol import Observation, Problem

REMEDY = "give a file that OwnTuner.save has written, or delete it"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Told:
    """One training as it was told.

    Attributes:
        asked: the epochs that it was asked for, if it was what was asked for last.
        curve: None where a value is NaN.
    """

    configuration: Configuration
    curve: list[float | None]
    diverged: bool
    asked: int | None

    @classmethod
    def of(cls, told: Observation, asked: int | None) -> "Told":
        curve = [None if math.isnan(value) else value for value in told.curve]
        return cls(told.configuration, curve, told.diverged, asked)

    @property
    def observation(self) -> Observation:
        curve = tuple(math.nan if value is None else value for value in self.curve)
        return Observation(self.configuration, curve, self.diverged)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Saved:
    """A whole file.

    Attributes:
        opened: what has to be the same for what was told to mean the same.
        told: in the order in which it was told.
    """

    opened: dict[str, Any]
    told: list[Told]


def opened_with(problem: Problem, space: Space) -> dict[str, Any]:
    """Return what a tuner was opened with. ``cost`` and the encoder may change in between."""
    info = problem.info
    return {
        "space": space.model_dump(mode="json"),
        "metric": info.metric,
        "higher_is_better": info.higher_is_better,
        "epochs": info.epochs,
        "floor": None if math.isnan(info.floor_val) else info.floor_val,
        "architecture": info.architecture,
        "resumable": problem.resumable,
        "candidates": len(problem.candidates),
        "seed": problem.seed,
    }


def write(path: str | Path, opened: dict[str, Any], told: list[Told]) -> None:
    """Keep what was told."""
    write_json(path, asdict(Saved(opened, told)))


def read(path: str | Path, opened: dict[str, Any]) -> list[Told]:
    """Return what was told; nothing if the file is not there yet.

    Raises:
        ProbecastError: the file is damaged, another one, or of a tuner opened otherwise.
    """
    if not Path(path).exists():
        return []
    saved = read_json_as(Saved, path, REMEDY)
    for name, value in opened.items():
        if saved.opened.get(name) != value:
            raise ProbecastError(
                f"{path}: {name}: kept with {short(saved.opened.get(name))}, but the tuner was "
                f"opened with {short(value)}; open it as before, or delete the file"
            )
    return saved.told
