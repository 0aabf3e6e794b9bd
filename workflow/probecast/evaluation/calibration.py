"""Whether beliefs about recommendations are as sure as they should be.

What was believed of each recommendation of a replay is held against what became of it: do
intervals hold, and how wide are they beside the errors; are promises kept, and do they tell good
recommendations from others?
"""

import numpy as np
import pandas as pd

from probecast.errors import optional
from probecast.learner.outcomes import judged
from probecast.learner.tuner import ProbecastTuner
from probecast.trials import TrialTable
from probecast.tuning.environments import value_range
from probecast.tuning.protocol import Tuner

BINS = 10
BELIEF_COLUMNS = (
    *("task", "cost", "repetition", "expected", "low", "high", "probability"),
    *("metric", "near_best", "range"),
)
COLUMNS = [
    *("task", "recommendations", "coverage", "width", "error"),
    *("calibration_error", "mean_probability", "near_best", "skill", "area"),
]


def keep_beliefs(
    beliefs: list[pd.DataFrame], table: TrialTable, tuner: Tuner, cost: float, repetition: int
) -> None:
    """Keep what our tuner believes of its recommendation after a run; of others nothing.

    With its first two arguments bound, this is what ``evaluation.replay.replay`` may give its
    tuners to.

    Args:
        beliefs: gets a frame of one row, with columns ``BELIEF_COLUMNS``; ``range`` is that of
            the table's last validation values.
        table: that the tuner ran on.
        tuner: after its run.
        cost: its budget.
        repetition: of the run.
    """
    if not isinstance(tuner, ProbecastTuner):
        return
    seed = table.main_seed()
    found = judged(tuner, table, seed)
    row = {
        "task": table.info.task,
        "cost": cost,
        "repetition": repetition,
        "expected": found.belief.expected_metric,
        "low": found.belief.low,
        "high": found.belief.high,
        "probability": found.belief.probability_within_5pct,
        "metric": found.metric,
        "near_best": found.near_best,
        "range": value_range(table, seed),
    }
    beliefs.append(pd.DataFrame([row], columns=list(BELIEF_COLUMNS)))


def calibration(beliefs: pd.DataFrame, by: str = "task") -> pd.DataFrame:
    """Return how far beliefs are to be trusted, for all and by task.

    Args:
        beliefs: with columns ``BELIEF_COLUMNS``.
        by: the column to group by; it comes first in the result.

    Returns:
        ``task`` (or ``by``), ``recommendations``; ``coverage``, the share of 80 % intervals that
        held; ``width`` and ``error``, medians in ranges of the task's last values (empty where
        these are all the same);
        ``calibration_error``; ``mean_probability`` and ``near_best``, what was promised and the
        share that came within 5 % of the best; ``skill``, what the Brier score gains on that of
        the base rate alone, and ``area`` under the curve (both empty where all outcomes are the
        same). The first row, ``all``, pools all.
    """
    columns = [by, *COLUMNS[1:]]
    if beliefs.empty:
        return pd.DataFrame(columns=columns)
    groups = [("all", beliefs), *beliefs.groupby(by, sort=False)]
    return pd.DataFrame([[name, *_trust(rows)] for name, rows in groups], columns=columns)


def _trust(beliefs: pd.DataFrame) -> list[float]:
    """The values of ``COLUMNS`` after the first."""
    probability = beliefs["probability"].to_numpy(float)
    size = beliefs["range"].replace(0, np.nan)
    near = beliefs["near_best"].to_numpy(float)
    return [
        len(beliefs),
        beliefs["metric"].between(beliefs["low"], beliefs["high"]).mean(),
        ((beliefs["high"] - beliefs["low"]) / size).median(),
        ((beliefs["metric"] - beliefs["expected"]).abs() / size).median(),
        expected_calibration_error(probability, near),
        probability.mean(),
        near.mean(),
        *_telling(probability, near),
    ]


def _telling(probability: np.ndarray, near: np.ndarray) -> tuple[float, float]:
    """How far probabilities tell what happened: Brier skill, and area under the curve."""
    base = near.mean()
    if base in (0.0, 1.0):
        return np.nan, np.nan
    with optional("study", "judging beliefs"):
        from sklearn.metrics import roc_auc_score
    brier = ((probability - near) ** 2).mean()
    return 1 - brier / (base * (1 - base)), float(roc_auc_score(near, probability))


def expected_calibration_error(probability: np.ndarray, happened: np.ndarray) -> float:
    """Return by how much probabilities miss frequencies, in 10 equal bins (Naeini et al. 2015).

    >>> expected_calibration_error(np.array([0.25, 0.25]), np.array([True, False]))
    0.25
    """
    number = np.minimum((probability * BINS).astype(int), BINS - 1)
    missed = pd.Series(probability - happened).groupby(number).sum()
    return float(missed.abs().sum() / len(number))
