"""How sure the belief should be: learnt by predicting the sources, each from the others.

Intervals are widened by one factor, probabilities are mapped by a logistic curve (Platt,
"Probabilistic outputs for support vector machines", 1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import ConfigDict
from scipy.special import expit, logit

from probecast.errors import optional
from probecast.tuning.protocol import Belief

FEWEST = 3  # families; with fewer there is little to learn from
UNKNOWN_SPREAD = 2.0  # then: about what calibration gives for few tasks
SMALLEST = 1e-3  # a probability is at least so far from 0 and 1
NARROWEST, WIDEST = 0.5, 5.0  # limits of the factor


@dataclass(frozen=True)
class Calibration:
    """Corrects a belief.

    Attributes:
        spread: what intervals are widened by, around the middle.
        slope: of the log-odds.
        intercept: of the log-odds.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    spread: float = UNKNOWN_SPREAD
    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def fit(cls, outcomes: Sequence["Outcomes"]) -> "Calibration":
        """Return what corrects raw beliefs, one entry per task whose outcome is known.

        Raises:
            ProbecastError: scikit-learn is not installed.
        """
        if len(outcomes) < FEWEST:
            return cls()
        errors = np.concatenate([o.errors() for o in outcomes])
        spread = np.clip(np.quantile(errors, Belief.LEVEL), NARROWEST, WIDEST)
        odds = np.concatenate([_log_odds(o.beliefs.probability) for o in outcomes])
        near = np.concatenate([o.near_best for o in outcomes])
        if near.all() or not near.any():
            return cls(float(spread))
        with optional("study", "pretraining a meta-encoder"):
            from sklearn.linear_model import LogisticRegression
        fitted = LogisticRegression().fit(odds[:, None], near)
        slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
        if slope <= 0:  # beliefs that say nothing: the base rate
            slope, intercept = 0.0, float(logit(near.mean()))
        return cls(float(spread), slope, intercept)

    def interval(self, middle: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return the end of an interval, moved away from its middle."""
        return middle + self.spread * (end - middle)

    def probability(self, raw: np.ndarray) -> np.ndarray:
        """Return the corrected probabilities."""
        return expit(self.slope * _log_odds(raw) + self.intercept)


RAW = Calibration(spread=1.0)


@dataclass(frozen=True)
class Beliefs:
    """What is believed of n candidates' last validation metric, natural units.

    Attributes:
        expected: (n)
        low: (n) lower end of the central interval of ``Belief.LEVEL``.
        high: (n) its upper end.
        probability: (n) of coming within 5 % of the best candidate.
    """

    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    probability: np.ndarray


@dataclass(frozen=True)
class Outcomes:
    """Raw beliefs about the candidates of one task, and what became of them.

    Attributes:
        beliefs: before calibration.
        metric: (n) the last validation metric.
        near_best: (n) whether that was within 5 % of the best.
    """

    beliefs: Beliefs
    metric: np.ndarray
    near_best: np.ndarray

    def errors(self) -> np.ndarray:
        """Return (n) errors, 1 where the metric lies just on an end of the interval."""
        above = self.metric >= self.beliefs.expected
        end = np.where(above, self.beliefs.high, self.beliefs.low)
        return np.abs(self.metric - self.beliefs.expected) / np.maximum(
            np.abs(end - self.beliefs.expected), 1e-9
        )


def _log_odds(probability: np.ndarray) -> np.ndarray:
    return logit(np.clip(probability, SMALLEST, 1 - SMALLEST))
