"""The study's answer: a dozen numbers (``headline.json``) and one sentence."""

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
        hit_rate_5pct: share of tasks on which the predicted configuration comes within 5 % of
            the reference. No rate is known where all tasks are saturated.
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


def in_words(headline: Headline) -> str:
    """Return the headline as a sentence or two."""
    reference = {
        "grid": "grid search",
        "sampled reference": "the best of the sampled reference sweep",
    }[headline.reference]
    cost = f"at {percent(1 / headline.cost_ratio_grid)} of its cost"
    saturated, count = len(headline.saturated_tasks), len(headline.tasks)
    left = count - saturated
    if left == 0:
        return (
            f"On {_tasks(count)} the prediction was made {cost} (compared with {reference}), "
            "but more than half of all random configurations come within 5 % there, so "
            "there is no hit rate to report."
        )
    hits = round(headline.hit_rate_5pct * left)
    share = f"{hits} of {_tasks(left)}"
    sentence = (
        f"On {share}, the predicted configuration came within 5 % of {reference}, {cost}; "
        f"a random configuration does so with probability {percent(headline.base_rate_5pct)}."
    )
    if saturated:
        sentence += (
            f" {_tasks(saturated).capitalize()} where more than half of random configurations "
            f"do so {'is' if saturated == 1 else 'are'} left out."
        )
    return sentence


def percent(share: float) -> str:
    """Return a share in percent with about two digits: ``4.2 %``, ``57 %``."""
    value = 100 * share
    return f"{value:.0f} %" if round(value, 1) >= 10 or value == 0 else f"{value:.1f} %"


def _tasks(count: int) -> str:
    return f"{count} task{'s' * (count != 1)}"


def _number(value: float) -> float | None:
    """A plain float; None where undefined, as JSON has no NaN."""
    return None if pd.isna(value) or math.isinf(value) else float(value)
