"""The search space: named hyperparameters, and the configurations they span.

A configuration is a plain dict from hyperparameter name to value. Its identity,
``config_id``, depends on its values alone, never on a study or an order.
"""

import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    StrictBool,
    StrictFloat,
    StrictInt,
    Tag,
    model_validator,
)

from probecast.errors import ProbecastError, short

Text = Annotated[str, Field(strict=True, max_length=100)]
Value = StrictBool | StrictInt | StrictFloat | Text
Configuration = dict[str, Value]

NAME = r"^[a-z][a-z0-9_]{0,63}$"
NUMBERS_IN_YAML = "YAML reads 1e-3 as a text: write 0.001 or 1.0e-3"
LARGEST_GRID = 100_000  # configurations that are listed; a larger space is drawn from at random
LARGEST_NUMBER = 2**53  # beyond it, trial tables (float64) would not tell numbers apart


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
        choices = short(self.choices)
        if len({str if isinstance(c, str) else isinstance(c, bool) for c in self.choices}) > 1:
            raise ValueError(f"choices {choices} mix numbers and names; quote all or none")
        # "not <=" is true of NaN, too.
        if self.numeric and any(not abs(c) <= LARGEST_NUMBER for c in self.choices):
            raise ValueError(f"choices {choices} hold a value that is not finite, or beyond 2^53")
        if len(set(self.choices)) < len(self.choices):
            raise ValueError(f"choices {choices} repeat a value; list each once")
        if self.scale == "log" and not (self.numeric and min(self.choices) > 0):
            hint = "" if self.numeric else f"; {NUMBERS_IN_YAML}"
            raise ValueError(f"scale: log needs positive numbers, found {choices}{hint}")
        return self

    @property
    def numeric(self) -> bool:
        """Whether every choice is a number (a bool is a name)."""
        return all(isinstance(c, int | float) and not isinstance(c, bool) for c in self.choices)

    @property
    def values(self) -> list[Value]:
        """Every choice."""
        return self.choices

    levels = values

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
        if not -LARGEST_NUMBER <= self.low < self.high <= LARGEST_NUMBER:
            raise ValueError(
                f"low {self.low} must lie below high {self.high}, both finite and within 2^53"
            )
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"scale: log needs low above 0, found {self.low}")
        if self.type == "integer" and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"type: integer needs whole bounds, found {self.low}, {self.high}")
        return self

    numeric: ClassVar[bool] = True

    @property
    def levels(self) -> list[Value]:
        """Both bounds."""
        return [self.canonical(self.low), self.canonical(self.high)]

    @property
    def values(self) -> Sequence[Value] | None:
        """Every whole number, or None where fractions make them countless."""
        return range(int(self.low), int(self.high) + 1) if self.type == "integer" else None

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
    try:
        value = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ProbecastError(f"found {short(value)} where a number is expected") from None
    return round(value) if integer and value.is_integer() else value


def _kind(value: Any) -> str:
    """Which of the two a hyperparameter's description means to be."""
    is_range = isinstance(value, Range) or (isinstance(value, dict) and "choices" not in value)
    return "Range" if is_range else "Choice"


Hyperparameter = Annotated[
    Annotated[Choice, Tag("Choice")] | Annotated[Range, Tag("Range")], Discriminator(_kind)
]


class Space(RootModel[dict[Annotated[str, Field(pattern=NAME)], Hyperparameter]]):
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
    def is_listed(self) -> bool:
        """Whether every hyperparameter has choices, as somebody has listed them."""
        return all(isinstance(h, Choice) for h in self.root.values())

    @property
    def size(self) -> int | None:
        """The number of configurations, or None when a range makes them countless."""
        values = [h.values for h in self.root.values()]
        return None if None in values else math.prod(map(len, values))

    def canonical(self, configuration: dict[str, Any]) -> Configuration:
        """Return the configuration with this space's names, order and plain types.

        Raises:
            ProbecastError: a hyperparameter is missing, unknown or outside the space.
        """
        if set(configuration) != set(self.root):
            missing = sorted(set(self.root) - set(configuration))
            unknown = sorted(set(configuration) - set(self.root))
            raise ProbecastError(
                f"configuration {short(configuration)}: missing {missing}, unknown "
                f"{short(unknown)}; a configuration names exactly {self.names}"
            )
        plain = {}
        for name, hyperparameter in self.root.items():
            try:
                plain[name] = hyperparameter.canonical(configuration[name])
            except ProbecastError as error:
                raise ProbecastError(f"configuration value {name}: {error}") from None
        for name, hyperparameter in self.root.items():
            if not hyperparameter.contains(plain[name]):
                raise ProbecastError(
                    f"configuration value {name}={short(plain[name])} lies outside the space: "
                    f"{short(hyperparameter.model_dump())}"
                )
        return plain

    def around(self, configuration: Configuration) -> list[Configuration]:
        """Return the configuration, and all that differ from it in one value, at every level."""
        around = [
            {**configuration, name: level}
            for name, hyperparameter in self.root.items()
            for level in hyperparameter.levels
            if level != configuration[name]
        ]
        return [configuration, *around]

    def grid(self) -> list[Configuration]:
        """Return every configuration, the last hyperparameter varying fastest."""
        if self.size is None:
            ranges = [n for n, h in self.root.items() if h.values is None]
            raise ProbecastError(
                f"a space with ranges ({', '.join(ranges)}) has no complete grid; "
                "give choices, or ask for a number of configurations"
            )
        points = itertools.product(*(h.values for h in self.root.values()))
        return [dict(zip(self.root, point, strict=True)) for point in points]

    def stratified(self, count: int, seed: int) -> list[Configuration]:
        """Return ``count`` distinct grid points in which every level appears about equally often.

        Greedy: each next point is the one whose levels, then pairs of levels, have been
        used least; ties in seeded order. A smaller count is a prefix of a larger one, so
        a study can grow its sample and keep what it has. A space with ranges, or with more
        than ``LARGEST_GRID`` points, is sampled at random instead.
        """
        generator = np.random.default_rng(seed)
        if self.size is not None and count > self.size:
            raise ProbecastError(
                f"{count} configurations asked for, but the space has only {self.size}"
            )
        if not self.is_listed or self.size > LARGEST_GRID:
            return list(itertools.islice(self._random(generator), count))
        grid = self.grid()
        order = generator.permutation(len(grid))
        shape = [len(hyperparameter.values) for hyperparameter in self.root.values()]
        levels = np.stack(np.unravel_index(order, shape), axis=1)  # (points, hyperparameters)
        uses = np.zeros(len(grid), dtype=np.int64)  # of a point's levels, then of their pairs
        single = count * len(shape) ** 2 + 1  # outweighs all pairs
        chosen = []
        for _ in range(count):
            next_point = int(uses.argmin())
            chosen.append(grid[order[next_point]])
            shared = (levels == levels[next_point]).sum(axis=1)
            uses += shared * single + shared * (shared - 1) // 2
            uses[next_point] = np.iinfo(np.int64).max // 2
        return chosen

    def candidates(
        self, limit: int, seed: int, default: Configuration | None = None
    ) -> list[Configuration]:
        """Return what a tuner may choose from: the grid if it fits in ``limit``, else a sample.

        Args:
            limit: so many, at most.
            seed: of the sample.
            default: a configuration of the space that is always among them.
        """
        if self.size is not None and self.size <= limit:
            return self.grid()
        first = [] if default is None else [default]
        drawn = itertools.chain(first, self._random(np.random.default_rng(seed)))
        distinct = {config_id(point): point for point in itertools.islice(drawn, limit)}
        return list(distinct.values())

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
    spelled = {
        name: float(value) if type(value) is int else value
        for name, value in configuration.items()
    }
    text = json.dumps(spelled, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
