"""Configurations and tasks as vectors, for any space: hyperparameters are told by name."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict

from probecast.space import Configuration, Value
from probecast.trials import TaskInfo, TrialTable

BEYOND = 2.0  # a number outside the sources' range (-1..1) counts as at most this far out


@dataclass(frozen=True)
class Hyperparameter:
    """How one hyperparameter becomes numbers: a presence flag, then its value.

    Attributes:
        name: its name, which a target must share.
        scale: ``linear`` or ``log`` for numbers, ``names`` for everything else.
        low: smallest number in the sources, on the scale.
        high: largest.
        names: the values in the sources, if they are names; one input each.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    name: str
    scale: Literal["linear", "log", "names"]
    low: float = 0.0
    high: float = 0.0
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, values: Iterable[Value]) -> "Hyperparameter":
        """Describe a hyperparameter by the values that the sources hold."""
        values = list(values)
        if not all(_is_number(value) for value in values):
            return cls(name, "names", names=tuple(sorted({str(value) for value in values})))
        numbers = np.unique(np.array(values, dtype=float))
        # Whoever spaced the values meant them to be even: take the scale on which they are.
        log = numbers.min() > 0 and _skewness(np.log(numbers)) < _skewness(numbers) - 1e-6
        numbers = np.log(numbers) if log else numbers
        return cls(name, "log" if log else "linear", float(numbers.min()), float(numbers.max()))

    @property
    def size(self) -> int:
        """The length of ``encode``'s result."""
        return 1 + (len(self.names) or 1)

    @property
    def seen(self) -> list[Value]:
        """What the sources hold, in natural units: names, or the smallest and largest number."""
        if self.scale == "names":
            return list(self.names)
        bounds = (self.low, self.high)
        return [round(math.exp(x), 12) for x in bounds] if self.scale == "log" else list(bounds)

    def fits(self, value: Value) -> bool:
        """Whether a value of a target is of the kind that the sources hold."""
        if self.scale == "names":
            return str(value) in self.names
        return _is_number(value) and (self.scale == "linear" or value > 0)

    def inside(self, value: Value) -> bool:
        """Whether a value fits and lies within what the sources hold."""
        if not self.fits(value) or self.scale == "names":
            return self.fits(value)
        return self.low - 1e-9 <= self._number(value) <= self.high + 1e-9

    def tells(self, value: Value) -> bool:
        """Whether a value fits and is not so far out that it is encoded like others out there."""
        if self.inside(value):
            return True
        return self.fits(value) and self.high > self.low and abs(self._position(value)) <= BEYOND

    def encode(self, value: Value | None) -> list[float]:
        """Return the inputs for a value; all zero if it is absent or does not fit."""
        if not _is_present(value) or not self.fits(value):
            return [0.0] * self.size
        if self.scale == "names":
            return [1.0, *(float(str(value) == name) for name in self.names)]
        return [1.0, min(max(self._position(value), -BEYOND), BEYOND)]

    def _number(self, value: Value) -> float:
        return math.log(value) if self.scale == "log" else float(value)

    def _position(self, value: Value) -> float:
        """Where a number lies on the scale, on which those of the sources go from -1 to 1."""
        width = self.high - self.low
        return 2 * (self._number(value) - self.low) / width - 1 if width else 0.0


@dataclass(frozen=True)
class Encoding:
    """The inputs that a meta-encoder knows.

    Attributes:
        hyperparameters: those of all sources.
        architectures: those of all sources; another one is encoded as zeros.
        meta_features: name -> mean and standard deviation over the source tasks.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    hyperparameters: tuple[Hyperparameter, ...]
    architectures: tuple[str, ...]
    meta_features: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, tables: Sequence[TrialTable]) -> "Encoding":
        """Describe the inputs by what the sources hold."""
        values: dict[str, set[Value]] = {}
        for table in tables:
            for configuration in table.configurations().values():
                for name, value in configuration.items():
                    if _is_present(value):
                        values.setdefault(name, set()).add(value)
        features: dict[str, list[float]] = {}
        for table in tables:
            for name, value in table.info.meta_features.items():
                features.setdefault(name, []).append(value)
        return cls(
            tuple(Hyperparameter.of(name, values[name]) for name in sorted(values)),
            tuple(sorted({table.info.architecture for table in tables})),
            {
                name: (float(np.mean(found)), float(np.std(found)) or 1.0)
                for name, found in sorted(features.items())
            },
        )

    @property
    def configuration_size(self) -> int:
        """The number of inputs that describe a configuration."""
        return sum(hyperparameter.size for hyperparameter in self.hyperparameters)

    def groups(self) -> np.ndarray:
        """Return (configuration_size) the number of the hyperparameter of every input."""
        sizes = [hyperparameter.size for hyperparameter in self.hyperparameters]
        return np.repeat(np.arange(len(sizes)), sizes)

    @property
    def size(self) -> int:
        """The number of inputs that describe a configuration on a task."""
        return self.configuration_size + len(self.architectures) + len(self.meta_features)

    def configurations(self, configurations: Sequence[Configuration]) -> np.ndarray:
        """Return (configurations, inputs that describe one)."""
        return np.array(
            [
                [x for h in self.hyperparameters for x in h.encode(configuration.get(h.name))]
                for configuration in configurations
            ]
        ).reshape(len(configurations), self.configuration_size)

    def task(self, info: TaskInfo) -> np.ndarray:
        """Return (architectures + meta_features,): one 1 or none, then standardised numbers.

        A meta-feature lies within -3..3; one that the task does not have is 0, the mean.
        """
        features = [
            min(max((info.meta_features.get(name, mean) - mean) / deviation, -3.0), 3.0)
            for name, (mean, deviation) in self.meta_features.items()
        ]
        return np.array([*(float(info.architecture == a) for a in self.architectures), *features])

    def meta_feature(self, name: str, task: np.ndarray) -> float | None:
        """Return a number that an encoded task was described by; None if no source has it."""
        if name not in self.meta_features:
            return None
        mean, deviation = self.meta_features[name]
        place = len(self.architectures) + list(self.meta_features).index(name)
        return mean + deviation * float(task[place])

    def tells(self, name: str, value: Value | None) -> bool:
        """Whether the sources say something about a hyperparameter's value."""
        return any(h.tells(value) for h in self.hyperparameters if h.name == name)

    def matched(self, configurations: Sequence[Configuration]) -> list[str]:
        """Return the hyperparameters about some of whose values the sources say something."""
        return [
            h.name
            for h in self.hyperparameters
            if any(h.name in c and h.tells(c[h.name]) for c in configurations)
        ]

    def unmatched(self, configurations: Sequence[Configuration]) -> np.ndarray:
        """Return (configurations, inputs) for the values about which the sources say nothing."""
        foreign = [
            {n: v for n, v in c.items() if _is_present(v) and not self.tells(n, v)}
            for c in configurations
        ]
        names = sorted({name for c in foreign for name in c})
        values = {name: [c[name] for c in foreign if name in c] for name in names}
        own = Encoding(tuple(Hyperparameter.of(name, values[name]) for name in names), (), {})
        return own.configurations(foreign)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; ``learner.encoder.Card`` reads them."""
        return asdict(self)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_present(value: Value | None) -> bool:
    """Whether a conditional hyperparameter has a value (tables hold None or NaN if not)."""
    return value is not None and value == value


def _skewness(values: np.ndarray) -> float:
    """Absolute skewness; 0 for values that do not vary."""
    deviations = values - values.mean()
    spread = np.sqrt((deviations**2).mean())
    return float(abs((deviations**3).mean()) / spread**3) if spread > 0 else 0.0
