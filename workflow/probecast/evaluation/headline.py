"""The study in a dozen numbers (``headline.json``)."""

import math
from pathlib import Path
from typing import Literal

import pandas as pd

from probecast.files import Record, read_json_as


class Headline(Record):
    """The study in a dozen numbers.

    Rates are over the tasks that are not saturated, cost ratios are medians over all tasks.

    Attributes:
        tasks: all tasks of the study, as ``<dataset>-<architecture>``.
        saturated_tasks: those of them where more than half of the sweep's configurations come
            within 5 %, so that chance alone mostly hits.
        weak_reference_tasks: tasks where to come near the reference says little: a sample of
            fewer than 59 configurations, or no better than the default or the trivial predictor.
        gain_over_default: by how much the predicted configuration is better on test data than
            the study's default configuration, relative to that, median over all tasks.
        worse_than_default_rate: share of all tasks on which it is worse than the default, by more
            than twice the standard error over the fresh seeds.
        hit_rate_5pct: share of tasks on which the predicted configuration comes within 5 % of
            grid search's choice or, where the sweep is a sample, of the best retrained choice
            of any method. No rate is known where all tasks are saturated.
        hit_rate_1pct: the same within 1 %.
        base_rate_5pct: share of the sweep's configurations that come within 5 %, mean over tasks.
        default_hit_rate_5pct: hit rate of the study's default configuration.
        best_average_hit_rate_5pct: hit rate of the configuration that is best on average over the
            source tasks; none too where it was not replayed.
        portfolio_hit_rate_5pct: hit rate of the portfolio learnt from the source tasks, at the
            prediction's total cost; none too where it was not replayed.
        cost_ratio_grid: total cost of the reference sweep over that of the prediction.
        cost_ratio_random: what random search needs on average to choose as well, over the
            prediction's total cost.
        mean_regret: mean regret of the prediction, from 0 (the best retrained choice of a task)
            to 1 (the trivial predictor).
        seeds: fresh seeds that every choice was trained with, the fewest of any.
        reference: what the prediction is held against, the whole grid or a sample of it.
        study: the study's name.
    """

    tasks: list[str]
    saturated_tasks: list[str]
    weak_reference_tasks: list[str]
    gain_over_default: float | None
    worse_than_default_rate: float
    hit_rate_5pct: float | None
    hit_rate_1pct: float | None
    base_rate_5pct: float | None
    default_hit_rate_5pct: float | None
    best_average_hit_rate_5pct: float | None
    portfolio_hit_rate_5pct: float | None
    cost_ratio_grid: float
    cost_ratio_random: float | None
    mean_regret: float | None
    seeds: int
    reference: Literal["grid", "sampled reference"]
    study: str


def read_headline(path: str | Path) -> Headline:
    """Read ``headline.json``; raises ProbecastError if it is missing, damaged or no headline."""
    return read_json_as(Headline, path, "rerun evaluate")


def headline_of(scores: pd.DataFrame, study: str) -> Headline:
    """Sum a study up.

    Args:
        scores: one row per task and role, as ``scores.score_task`` makes them.
        study: the study's name.
    """
    predicted = scores[scores["role"] == "predicted"]
    unsaturated = scores[~scores["saturated"]]

    def rate(role: str, column: str = "within_5pct") -> float | None:
        return _number(unsaturated.loc[unsaturated["role"] == role, column].mean())

    return Headline(
        tasks=predicted["task"].tolist(),
        saturated_tasks=predicted.loc[predicted["saturated"], "task"].tolist(),
        weak_reference_tasks=predicted.loc[predicted["weak_reference"] != "", "task"].tolist(),
        gain_over_default=_number(predicted["gain"].median()),
        worse_than_default_rate=float(predicted["worse_than_default"].mean()),
        hit_rate_5pct=rate("predicted"),
        hit_rate_1pct=rate("predicted", "within_1pct"),
        base_rate_5pct=rate("predicted", "base_rate_5pct"),
        default_hit_rate_5pct=rate("default"),
        best_average_hit_rate_5pct=rate("best_average"),
        portfolio_hit_rate_5pct=rate("portfolio"),
        cost_ratio_grid=float(predicted["cost_ratio_grid"].median()),
        cost_ratio_random=_number(predicted["cost_ratio_random"].median()),
        mean_regret=_number(predicted["regret"].mean()),
        seeds=int(scores["seeds"].min()),
        reference="grid" if (predicted["reference"] == "grid").all() else "sampled reference",
        study=study,
    )


def percent(share: float) -> str:
    """Return a share in percent with about two digits: ``4.2 %``, ``57 %``."""
    value = 100 * share
    return f"{value:.0f} %" if round(value, 1) >= 10 or value == 0 else f"{value:.1f} %"


def _number(value: float) -> float | None:
    """A plain float; None where undefined, as JSON has no NaN."""
    return None if pd.isna(value) or math.isinf(value) else float(value)
