"""How sure the belief about a recommendation should be: learnt by predicting the sources.

Sources are played as new tasks, each with what the other families taught, and what was believed of
each recommendation is held against what became of it. Intervals are widened or narrowed by one
factor where the recommended trial was seen to its end and by another where it was not;
probabilities are mapped by a logistic curve (Platt, "Probabilistic outputs for support vector
machines", 1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import ConfigDict
from scipy.optimize import minimize
from scipy.special import expit, logit

from probecast.tuning.protocol import Belief

FEWEST = 3  # families; with fewer there is little to learn from
UNKNOWN_SPREAD = 2.0  # then: about what calibration gives for few tasks
DEVIATION = 0.5  # of slope and intercept, before any outcome
WORTH = 4.0  # so many outcomes say as much as is thought without them
SMALLEST = 1e-3  # a probability is at least so far from 0 and 1
NARROWEST, WIDEST = 0.1, 5.0  # limits of a factor


@dataclass(frozen=True)
class Calibration:
    """Corrects a belief.

    Attributes:
        finished: what intervals are widened by, around the middle, where the trial was finished.
        unfinished: the same where some of it is still to come.
        slope: of the log-odds.
        intercept: of the log-odds.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    finished: float = UNKNOWN_SPREAD
    unfinished: float = UNKNOWN_SPREAD
    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def fit(cls, outcomes: Sequence["Outcome"]) -> "Calibration":
        """Return what corrects raw beliefs."""
        if len({outcome.family for outcome in outcomes}) < FEWEST:
            return cls()
        spreads = [
            _spread([o.error() for o in outcomes if o.finished == finished])
            for finished in (True, False)
        ]
        raw = [outcome.belief.probability_within_5pct for outcome in outcomes]
        near = [outcome.near_best for outcome in outcomes]
        return cls(*spreads, *_logistic(_log_odds(np.array(raw)), np.array(near, dtype=float)))

    def interval(self, middle: np.ndarray, end: np.ndarray, finished: bool) -> np.ndarray:
        """Return the end of an interval, moved away from its middle."""
        return middle + (self.finished if finished else self.unfinished) * (end - middle)

    def probability(self, raw: np.ndarray) -> np.ndarray:
        """Return the corrected probabilities."""
        return expit(self.slope * _log_odds(raw) + self.intercept)


RAW = Calibration(finished=1.0, unfinished=1.0)


@dataclass(frozen=True)
class Outcome:
    """What was believed of a recommendation, and what became of it.

    Attributes:
        family: of the task.
        belief: before calibration.
        finished: whether the recommended trial had been seen to its end.
        metric: its last validation metric, with another seed if the table has one.
        near_best: whether that was within 5 % of the best candidate.
    """

    family: str
    belief: Belief
    finished: bool
    metric: float
    near_best: bool

    def error(self) -> float:
        """Return the error, 1 where the metric lies just on an end of the interval."""
        expected = self.belief.expected_metric
        end = self.belief.high if self.metric >= expected else self.belief.low
        return abs(self.metric - expected) / max(abs(end - expected), 1e-9)


def _spread(errors: Sequence[float]) -> float:
    """The factor that makes as many intervals hold as should, with some doubt."""
    if not errors:
        return UNKNOWN_SPREAD
    found = np.log(max(float(np.quantile(errors, Belief.LEVEL)), NARROWEST))
    doubt = WORTH * np.log(UNKNOWN_SPREAD)
    return float(
        np.clip(np.exp((len(errors) * found + doubt) / (len(errors) + WORTH)), NARROWEST, WIDEST)
    )


def _logistic(odds: np.ndarray, near: np.ndarray) -> tuple[float, float]:
    """The slope, at least 0, and intercept of the likeliest logistic curve.

    Before any outcome the beliefs are thought right: slope 1, intercept 0, each give or take
    ``DEVIATION``.
    """

    def loss(line: np.ndarray) -> float:
        right = np.logaddexp(0, (1 - 2 * near) * (line[0] * odds + line[1])).sum()
        return float(right + 0.5 * (((line - [1, 0]) / DEVIATION) ** 2).sum())

    found = minimize(loss, [1.0, 0.0], method="L-BFGS-B", bounds=[(0, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def _log_odds(probability: np.ndarray) -> np.ndarray:
    return logit(np.clip(probability, SMALLEST, 1 - SMALLEST))
