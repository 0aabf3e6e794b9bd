"""How strongly each part of the prior speaks: numbers that pretraining learns from the sources.

Every strength has a place where it is expected before anything is seen, and how far from there it
may well lie; so few sources move it little (``learner.fitting``).
"""

from dataclasses import dataclass, fields
from typing import Annotated, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Strengths:
    """The prior's strengths; the defaults are where they are expected.

    Attributes:
        shrink: an expert's mean: how far from the common one to the source, as odds.
        differences: share of the sources' differences (standard deviations) in the covariance.
        residual: the same for what a source has of its own.
        ridge: of the regression of a source on others, in units of its Gram matrix's mean.
        smoothing: how much the common mean is drawn towards what like configurations have, in
            units of its own sampling variance.
        kindred: so many sources of other architectures count as one of the target's own.
        likeness: how much a source loses by being unlike in its description: the rate at which
            its weight falls with the mean squared difference.
        steps: how likely a source of another size tells what is reached after as many steps, and
            not at the same share of the horizon, as odds.
        late: how likely a task learns later than all sources, as odds.
        neighbours: correlation of neighbouring levels of a curve, as odds, where nothing is known.
        few: so many sources say as much of that as is known without them.
        independent: share of the residual's variance that is a level's own.
        noise: standard deviations of a measurement, in units of the sources' roughness.
        floor: standard deviation of a measurement, at least.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    shrink: Positive = 2.0
    differences: Positive = 0.4
    residual: Positive = 1.0
    ridge: Positive = 3.0
    smoothing: Positive = 0.5
    kindred: Positive = 6.0
    likeness: Positive = 0.1
    steps: Positive = 0.3
    late: Positive = 0.1
    neighbours: Positive = 1.5
    few: Positive = 5.0
    independent: Positive = 0.02
    noise: Positive = 1.0
    floor: Positive = 0.012

    def logs(self) -> np.ndarray:
        """Return the natural logarithms, in the order of the fields."""
        return np.log([getattr(self, field.name) for field in fields(self)])

    @classmethod
    def of_logs(cls, logs: np.ndarray) -> "Strengths":
        """Return the strengths with these logarithms."""
        names = [field.name for field in fields(cls)]
        return cls(**dict(zip(names, np.exp(logs).tolist(), strict=True)))


EXPECTED = Strengths()
DEVIATION = 0.8  # of a strength's logarithm from there, before all
SURER = {"residual": 0.2}  # it is measured on families that are left out, so about right


def deviations() -> np.ndarray:
    """Return how far each strength's logarithm may well lie from where it is expected."""
    return np.array([SURER.get(field.name, DEVIATION) for field in fields(Strengths)])
