"""The search space: named hyperparameters, and the configurations they span.

A configuration is a plain dict from hyperparameter name to value. Its identity,
``config_id``, depends on its values alone, never on a study or an order.
"""

import hashlib
import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from probecast.errors import ProbecastError

Value = bool | int | float | str
Configuration = dict[str, Value]

NAME = r"^[a-z][a-z0-9_]*$"


class Choice(BaseModel):
    """A finite list of values: numbers (ordered, on a scale) or names.

    Attributes:
        choices: the values, at least one, without repetition.
        scale: ``log`` where ratios matter, for positive numbers only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    choices: Annotated[list[Value], Field(min_length=1)]
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _check(self) -> "Choice":
        if len({json.dumps(choice) for choice in self.choices}) < len(self.choices):
            raise ValueError(f"choices {self.choices} repeat a value; list each once")
        if any(isinstance(c, float) and not math.isfinite(c) for c in self.choices):
            raise ValueError(f"choices {self.choices} hold a value that is not finite")
        if self.scale == "log" and not (self.numeric and min(self.choices) > 0):
            raise ValueError(f"scale: log needs positive numbers, found {self.choices}")
        return self

    @property
    def numeric(self) -> bool:
        """Whether every choice is a number (a bool is a name)."""
        return all(isinstance(c, int | float) and not isinstance(c, bool) for c in self.choices)

    def canonical(self, value: Any) -> Value:
        """Return ``value`` in the type of the choices."""
        if not self.numeric:
            return value
        return _plain(value, integer=all(isinstance(c, int) for c in self.choices))

    def contains(self, value: Value) -> bool:
        return value in self.choices

    def sample(self, generator: np.random.Generator) -> Value:
        return self.choices[int(generator.integers(len(self.choices)))]


class Range(BaseModel):
    """All numbers between two bounds, both included.

    Attributes:
        low: smallest value.
        high: largest value, above ``low``.
        scale: ``log`` where ratios matter; ``low`` must then be positive.
        type: ``float`` or ``integer``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"
    type: Literal["float", "integer"] = "float"

    @model_validator(mode="after")
    def _check(self) -> "Range":
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"low {self.low} must lie below high {self.high}, both finite")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"scale: log needs low above 0, found {self.low}")
        if self.type == "integer" and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"type: integer needs whole bounds, found {self.low}, {self.high}")
        return self

    numeric: ClassVar[bool] = True

    def canonical(self, value: Any) -> Value:
        return _plain(value, integer=self.type == "integer")

    def contains(self, value: Value) -> bool:
        return self.low <= value <= self.high

    def sample(self, generator: np.random.Generator) -> Value:
        if self.scale == "log":
            value = math.exp(generator.uniform(math.log(self.low), math.log(self.high)))
        else:
            value = generator.uniform(self.low, self.high)
        value = min(max(value, self.low), self.high)
        return round(value) if self.type == "integer" else value


def _plain(value: Any, integer: bool) -> Value:
    """Turn a number from a table (NumPy scalar, 64.0 for 64) into a plain int or float."""
    value = float(value)
    return round(value) if integer and value.is_integer() else value


class Space(RootModel[dict[Annotated[str, Field(pattern=NAME)], Choice | Range]]):
    """Hyperparameters by name, in the order of the study file."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _check(self) -> "Space":
        if not self.root:
            raise ValueError("the space has no hyperparameters, so no points; name at least one")
        return self

    @property
    def names(self) -> list[str]:
        """The hyperparameters' names."""
        return list(self.root)

    @property
    def size(self) -> int | None:
        """The number of configurations, or None when a range makes them countless."""
        if not all(isinstance(h, Choice) for h in self.root.values()):
            return None
        return math.prod(len(h.choices) for h in self.root.values())

    def canonical(self, configuration: dict[str, Any]) -> Configuration:
        """Return the configuration with this space's names, order and plain types.

        Raises:
            ProbecastError: a hyperparameter is missing, unknown or outside the space.
        """
        if set(configuration) != set(self.root):
            missing = sorted(set(self.root) - set(configuration))
            unknown = sorted(set(configuration) - set(self.root))
            raise ProbecastError(
                f"configuration {configuration}: missing {missing}, unknown {unknown}; "
                f"a configuration names exactly {self.names}"
            )
        plain = {n: h.canonical(configuration[n]) for n, h in self.root.items()}
        for name, hyperparameter in self.root.items():
            if not hyperparameter.contains(plain[name]):
                raise ProbecastError(
                    f"configuration value {name}={plain[name]!r} lies outside the space: "
                    f"{hyperparameter.model_dump()}"
                )
        return plain

    def grid(self) -> list[Configuration]:
        """Return every configuration, the last hyperparameter varying fastest."""
        if self.size is None:
            ranges = [n for n, h in self.root.items() if isinstance(h, Range)]
            raise ProbecastError(
                f"a space with ranges ({', '.join(ranges)}) has no complete grid; "
                "give choices, or ask for a number of configurations"
            )
        values = itertools.product(*(h.choices for h in self.root.values()))
        return [dict(zip(self.root, point, strict=True)) for point in values]

    def stratified(self, count: int, seed: int) -> list[Configuration]:
        """Return ``count`` distinct grid points in which every level appears about equally often.

        Greedy: each next point is the one whose levels, then pairs of levels, have been
        used least; ties in seeded order. A smaller count is a prefix of a larger one, so
        a study can grow its sample and keep what it has. A space with ranges is sampled
        at random instead.
        """
        generator = np.random.default_rng(seed)
        if self.size is None:
            return list(itertools.islice(self._random(generator), count))
        grid = self.grid()
        if count > len(grid):
            raise ProbecastError(
                f"{count} configurations asked for, but the space has only {len(grid)}"
            )
        remaining = [grid[i] for i in generator.permutation(len(grid))]
        singles: Counter = Counter()
        pairs: Counter = Counter()
        chosen = []
        for _ in range(count):
            costs = [
                (
                    sum(singles[level] for level in point.items()),
                    sum(pairs[pair] for pair in itertools.combinations(point.items(), 2)),
                )
                for point in remaining
            ]
            point = remaining.pop(min(range(len(costs)), key=costs.__getitem__))
            singles.update(point.items())
            pairs.update(itertools.combinations(point.items(), 2))
            chosen.append(point)
        return chosen

    def candidates(self, limit: int, seed: int) -> list[Configuration]:
        """Return what a tuner may choose from: the grid if it fits in ``limit``, else a sample."""
        if self.size is not None and self.size <= limit:
            return self.grid()
        return list(itertools.islice(self._random(np.random.default_rng(seed)), limit))

    def _random(self, generator: np.random.Generator) -> Iterator[Configuration]:
        """Yield distinct random configurations, all of them where the space is finite."""
        seen = set()
        while self.size is None or len(seen) < self.size:
            point = {name: h.sample(generator) for name, h in self.root.items()}
            identity = config_id(point)
            if identity not in seen:
                seen.add(identity)
                yield point


def config_id(configuration: Configuration) -> str:
    """Return the configuration's identity: 12 hexadecimal digits of its SHA-256.

    The order of the names and the spelling of a number (64 or 64.0) do not matter.

    >>> config_id({"a": 1, "b": 0.5}) == config_id({"b": 0.5, "a": 1.0})
    True
    """

    def canonical(value: Value) -> Value:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    text = json.dumps(
        {name: canonical(value) for name, value in configuration.items()},
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]
