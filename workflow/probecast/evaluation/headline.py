"""The study's answer: a dozen numbers (``headline.json``) and one sentence."""

import math
from typing import Any

import pandas as pd


def headline_of(scores: pd.DataFrame, study: str) -> dict[str, Any]:
    """Return the contents of ``headline.json``.

    Rates are over tasks that are not saturated, cost ratios are medians and the regret is
    a mean over all tasks. What is undefined, e.g. a rate without such a task, is None.

    Args:
        scores: one row per task and role, as ``scores.score_task`` makes them.
        study: the study's name.
    """
    predicted = scores[scores["role"] == "predicted"]
    unsaturated = scores[~scores["saturated"]]

    def rate(role: str, column: str = "within_5pct") -> float | None:
        return _number(unsaturated.loc[unsaturated["role"] == role, column].mean())

    return {
        "tasks": predicted["task"].tolist(),
        "saturated_tasks": predicted.loc[predicted["saturated"], "task"].tolist(),
        "hit_rate_5pct": rate("predicted"),
        "hit_rate_1pct": rate("predicted", "within_1pct"),
        "base_rate_5pct": rate("predicted", "base_rate_5pct"),
        "default_hit_rate_5pct": rate("default"),
        "best_average_hit_rate_5pct": rate("best_average"),
        "portfolio_hit_rate_5pct": rate("portfolio"),
        "cost_ratio_grid": _number(predicted["cost_ratio_grid"].median()),
        "cost_ratio_random": _number(predicted["cost_ratio_random"].median()),
        "mean_regret": _number(predicted["regret"].mean()),
        "seeds": int(scores["seeds"].min()),
        "reference": "grid" if (predicted["reference"] == "grid").all() else "sampled reference",
        "study": study,
    }


def in_words(headline: dict[str, Any]) -> str:
    """Return the headline as a sentence or two."""
    reference = {
        "grid": "grid search",
        "sampled reference": "the best of the sampled reference sweep",
    }[headline["reference"]]
    cost = f"at {percent(1 / headline['cost_ratio_grid'])} of its cost"
    saturated, count = len(headline["saturated_tasks"]), len(headline["tasks"])
    left = count - saturated
    if left == 0:
        return (
            f"On {_tasks(count)} the prediction was made {cost} (compared with {reference}), "
            "but more than half of all random configurations come within 5 % there, so "
            "there is no hit rate to report."
        )
    hits = round(headline["hit_rate_5pct"] * left)
    share = f"{hits} of {_tasks(left)}"
    sentence = (
        f"On {share}, the predicted configuration came within 5 % of {reference}, {cost}; "
        f"a random configuration does so with probability {percent(headline['base_rate_5pct'])}."
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
