"""Optuna's search space in our terms, as far as a study has shown it.

A define-by-run objective says what it tunes only while it runs. Every set of parameters that a
trial had is a *branch*; a listed value that was only seen in other branches does not lead into it.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial

from probecast.space import LARGEST_NUMBER, Configuration, Value, config_id

Distributions = Mapping[str, BaseDistribution]
LISTED = 32  # a range of whole numbers with no more values is a list
SPREAD = 16  # values of a range that stand for all of it


class Names:
    """What hyperparameters and their values are called here and in a study.

    Args:
        rename: names here -> names in the study, where they differ.
    """

    def __init__(self, rename: Mapping[str, str]) -> None:
        self.theirs = dict(rename)
        self.ours = {theirs: ours for ours, theirs in rename.items()}

    def to_ours(self, params: Mapping[str, Any], distributions: Distributions) -> Configuration:
        """Return a trial's parameters as a configuration."""
        return {
            self.ours.get(name, name): as_value(value, distributions[name])
            for name, value in params.items()
        }

    def to_theirs(
        self, configuration: Configuration, distributions: Distributions
    ) -> dict[str, Any]:
        """Return a configuration as parameters that their distributions hold."""
        named = {self.theirs.get(name, name): value for name, value in configuration.items()}
        return {name: _as_param(value, distributions[name]) for name, value in named.items()}


def as_value(param: Any, distribution: BaseDistribution) -> Value:
    """Return a parameter's value as one of ours: a number, or a name for everything else."""
    if not isinstance(distribution, CategoricalDistribution):
        return param
    kinds = {_kind(choice) for choice in distribution.choices}
    return param if len(kinds) == 1 and kinds != {"other"} else repr(param)


def _kind(choice: Any) -> str:
    if isinstance(choice, bool | str):
        return type(choice).__name__
    if isinstance(choice, int | float) and abs(choice) <= LARGEST_NUMBER:
        return "number"
    return "other"  # None, lists, infinities


def _as_param(value: Value, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return next(c for c in distribution.choices if as_value(c, distribution) == value)
    return int(value) if isinstance(distribution, IntDistribution) else float(value)


def values_of(distribution: BaseDistribution) -> list[Any] | None:
    """Return all values of a parameter, if they are a list."""
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    step = distribution.step
    if step is None or (distribution.high - distribution.low) / step >= LISTED:
        return None
    count = math.floor((distribution.high - distribution.low) / step + 1e-9) + 1
    values = [distribution.low + step * number for number in range(count)]
    return values if isinstance(distribution, IntDistribution) else [round(v, 12) for v in values]


def spread_over(distribution: BaseDistribution) -> list[Any]:
    """Return values that stand for all of a parameter's."""
    listed = values_of(distribution)
    if listed is not None:
        return listed
    shares = (np.arange(SPREAD) + 0.5) / SPREAD
    return list(dict.fromkeys(_at(distribution, share) for share in shares))


def _at(distribution: FloatDistribution | IntDistribution, share: float) -> float | int:
    """The value at a share of the way from the lowest to the highest."""
    low, high = distribution.low, distribution.high
    if distribution.log:
        value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    else:
        value = low + share * (high - low)
    if distribution.step is not None:
        value = low + distribution.step * round((value - low) / distribution.step)
    value = min(max(value, low), high)
    return round(value) if isinstance(distribution, IntDistribution) else float(value)


def branches(
    trials: Iterable[FrozenTrial], given: Distributions
) -> list[dict[str, list[Any] | None]]:
    """Return what may be combined: for every branch its parameters, with their listed values.

    Args:
        trials: those of the study that have parameters.
        given: parameters that are known without any trial: a branch of their own.
    """
    seen: dict[frozenset[str], dict[str, set[str]]] = {}
    latest = dict(given)
    for trial in trials:
        latest |= trial.distributions
        values = seen.setdefault(frozenset(trial.params), {name: set() for name in trial.params})
        for name, value in trial.params.items():
            values[name].add(repr(value))
    if given:
        seen.setdefault(frozenset(given), {name: set() for name in given})
    return [
        {name: _allowed(latest[name], name, own, list(seen.values())) for name in sorted(own)}
        for own in seen.values()
    ]


def _allowed(
    distribution: BaseDistribution,
    name: str,
    own: Mapping[str, set[str]],
    all_: Sequence[Mapping[str, set[str]]],
) -> list[Any] | None:
    """The listed values of a parameter but those that were only seen in other branches."""
    listed = values_of(distribution)
    if listed is None:
        return None
    elsewhere = set().union(*(branch.get(name, set()) for branch in all_)) - own[name]
    return [value for value in listed if repr(value) not in elsewhere] or listed


def candidates(
    branches_: Sequence[Mapping[str, list[Any] | None]],
    distributions: Distributions,
    names: Names,
    limit: int,
    seed: int,
) -> list[Configuration]:
    """Return what may be chosen from: all combinations, or as many random ones as fit."""
    generator = np.random.default_rng(seed)
    found: dict[str, Configuration] = {}
    for branch in branches_:
        size = math.prod(math.inf if listed is None else len(listed) for listed in branch.values())
        if size <= limit:
            points = [
                dict(zip(branch, point, strict=True))
                for point in itertools.product(*branch.values())
            ]
        else:
            points = [
                {name: _draw(branch[name], distributions[name], generator) for name in branch}
                for _ in range(limit // len(branches_))
            ]
        for point in points:
            configuration = names.to_ours(point, distributions)
            found.setdefault(config_id(configuration), configuration)
    return list(found.values())


def _draw(
    listed: list[Any] | None, distribution: BaseDistribution, generator: np.random.Generator
) -> Any:
    if listed is not None:
        return listed[int(generator.integers(len(listed)))]
    return _at(distribution, generator.uniform())
