"""Whether beliefs are as sure as they should be: do intervals hold, are promises kept?"""

import numpy as np
import pandas as pd

from probecast.learner.calibration import Outcomes
from probecast.learner.outcomes import judged
from probecast.learner.tuner import ProbecastTuner
from probecast.trials import TrialTable
from probecast.tuning.protocol import Tuner

BINS = 10
BELIEF_COLUMNS = (
    "task",
    "cost",
    "repetition",
    "low",
    "high",
    "probability",
    "metric",
    "near_best",
)
COLUMNS = ["task", "candidates", "coverage", "calibration_error", "mean_probability", "near_best"]


def keep_beliefs(
    beliefs: list[pd.DataFrame], table: TrialTable, tuner: Tuner, cost: float, repetition: int
) -> None:
    """Keep what our tuner believes at the end of its run on a table; of others nothing.

    With its first two arguments bound, this is what ``evaluation.replay.replay`` may give its
    tuners to.

    Args:
        beliefs: gets a frame as of ``beliefs_frame``, with columns ``BELIEF_COLUMNS``.
        table: that the tuner ran on.
        tuner: after its run.
        cost: its budget.
        repetition: of the run.
    """
    if isinstance(tuner, ProbecastTuner):
        found = judged(tuner, table, int(table.frame["seed"].min()))
        beliefs.append(
            beliefs_frame(found, task=table.info.task, cost=cost, repetition=repetition)
        )


def beliefs_frame(found: Outcomes, **columns: str | int) -> pd.DataFrame:
    """Return one row per candidate: ``low, high, probability, metric, near_best``, and columns."""
    beliefs = found.beliefs
    return pd.DataFrame(
        {
            **columns,
            "low": beliefs.low,
            "high": beliefs.high,
            "probability": beliefs.probability,
            "metric": found.metric,
            "near_best": found.near_best,
        }
    )


def calibration(beliefs: pd.DataFrame) -> pd.DataFrame:
    """Return how far beliefs are to be trusted, per task and for all.

    Args:
        beliefs: the rows of ``beliefs_frame`` with a column ``task``.

    Returns:
        ``task, candidates, coverage, calibration_error, mean_probability, near_best``;
        ``coverage`` is the share of 80 % intervals that held; ``near_best`` the share of
        candidates within 5 % of the best. The first row, ``all``, pools all.
    """
    if beliefs.empty:
        return pd.DataFrame(columns=COLUMNS)
    groups = [("all", beliefs), *beliefs.groupby("task", sort=False)]
    rows = [
        (
            task,
            len(rows),
            rows["metric"].between(rows["low"], rows["high"]).mean(),
            expected_calibration_error(
                rows["probability"].to_numpy(), rows["near_best"].to_numpy()
            ),
            rows["probability"].mean(),
            rows["near_best"].mean(),
        )
        for task, rows in groups
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def expected_calibration_error(probability: np.ndarray, happened: np.ndarray) -> float:
    """Return by how much probabilities miss frequencies, in 10 equal bins (Naeini et al. 2015).

    >>> expected_calibration_error(np.array([0.25, 0.25]), np.array([True, False]))
    0.25
    """
    number = np.minimum((probability * BINS).astype(int), BINS - 1)
    missed = pd.Series(probability - happened).groupby(number).sum()
    return float(missed.abs().sum() / len(number))


def keep_recommended(
    beliefs: list[pd.DataFrame], table: TrialTable, tuner: Tuner, cost: float, repetition: int
) -> None:
    """Keep what our tuner believes of its recommendation alone; else like ``keep_beliefs``.

    Args:
        beliefs: gets a frame of one row, with columns ``RECOMMENDED_COLUMNS``.
        table: that the tuner ran on.
        tuner: after its run.
        cost: its budget.
        repetition: of the run.
    """
    if isinstance(tuner, ProbecastTuner):
        seed = int(table.frame["seed"].min())
        found = judged(tuner, table, seed)
        frame = beliefs_frame(found, cost=cost, repetition=repetition)
        last = table.with_floor("val_metric", seed)[table.info.epochs]
        size = abs(float(last.max()) - float(last.min()))
        frame = frame.assign(expected=found.beliefs.expected, size=size)
        beliefs.append(frame.rename(columns={"metric": "became"}))


def trust(beliefs: pd.DataFrame) -> list[dict[str, str]]:
    """Return how far the beliefs about recommendations are to be trusted, one row per cost.

    ``width`` and ``error`` are medians, in ranges of the task's last values. ``skill`` is what
    the Brier score gains on that of the base rate alone; ``area`` that under the curve.

    Args:
        beliefs: the rows of ``keep_recommended``.
    """
    from sklearn.metrics import roc_auc_score

    rows = []
    for cost, found in beliefs.groupby("cost"):
        near, probability = found["near_best"].to_numpy(float), found["probability"]
        base = near.mean() * (1 - near.mean())
        brier = float(((probability - near) ** 2).mean())
        error = ((found["became"] - found["expected"]).abs() / found["size"]).median()
        width = ((found["high"] - found["low"]) / found["size"]).median()
        told = 0 < near.mean() < 1
        rows.append(
            {
                "cost": f"{cost:g}",
                "held": f"{found['became'].between(found['low'], found['high']).mean():.0%}",
                "width": f"{width:.4f}",
                "error": f"{error:.4f}",
                "width / error": f"{width / error:.1f}" if error else "–",
                "near the best": f"{near.mean():.0%}",
                "said": f"{probability.mean():.0%}",
                "skill": f"{1 - brier / base:+.2f}" if told else "–",
                "area": f"{roc_auc_score(near, probability):.2f}" if told else "–",
            }
        )
    return rows
