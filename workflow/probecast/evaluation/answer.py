"""What the scores say, in words: the gain over the default, and how far that is from the best."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from probecast.evaluation.headline import percent
from probecast.evaluation.statistics import TIE


def in_words(scores: pd.DataFrame) -> str:
    """Return a study's answer: the gain over the default first, then the reference.

    Args:
        scores: one row per task and role, as ``scores.score_task`` makes them.
    """
    return f"{gains_in_words(scores)} {references_in_words(scores)}"


def gains_in_words(scores: pd.DataFrame) -> str:
    """Return how the prediction does beside the default, over all tasks."""
    rows = _predicted(scores)
    if len(rows) == 1:
        return f"On {rows[0]['task']} the predicted configuration is {gain_in_words(rows[0])}."
    counts = Counter(_side(row) for row in rows)
    parts = [f"better than the default on {counts['better']} of {_tasks(len(rows))}"]
    if counts["as good"]:
        parts.append(f"as good on {counts['as good']}")
    if counts["worse"]:
        parts.append(f"worse on {counts['worse']}")
    median = pd.Series([row["gain"] for row in rows]).median()
    sign = "" if median >= 0 else "−"
    return (
        f"The predicted configuration is {_listed(parts)}; the median gain is "
        f"{sign}{_size(median)}."
    )


def gain_in_words(row: Mapping[str, Any]) -> str:
    """Return how one choice does beside the default: ``12 % better than the default (± 1 %)``."""
    if row["gain"] == 0 and row["gain_error"] == 0:
        return "exactly as good as the default"
    if _side(row) == "as good":
        return (
            f"as good as the default: {_size(row['gain'])} {_by(row['gain'])} is within "
            f"twice the standard error ({_size(row['gain_error'])})"
        )
    return f"{_size(row['gain'])} {_side(row)} than the default{_error(row['gain_error'])}"


def outcome(row: Mapping[str, Any]) -> str:
    """Return how a choice does beside the reference: ``tie``, ``better``, ``near`` or ``worse``.

    Near is worse by at most 5 %.
    """
    if pd.notna(row["tie"]) and bool(row["tie"]):
        return "tie"
    if row["gap"] < 0:
        return "better"
    return "near" if row["gap"] <= 0.05 + 1e-9 else "worse"


def reference_in_words(row: Mapping[str, Any]) -> str:
    """Return what a task's choices are held against."""
    if row["reference"] == "grid":
        return "grid search"
    return f"the best of {row['reference_size']} sampled configurations"


def beside_reference(row: Mapping[str, Any]) -> str:
    """Return how one choice does beside the reference, by how much and how surely."""
    reference, found = reference_in_words(row), outcome(row)
    if found == "tie":
        if row["gap"] == 0 and row["gap_error"] == 0:
            return f"exactly as good as {reference}"
        return (
            f"a tie with {reference}: {_size(row['gap'])} {_by(-row['gap'])} is within twice "
            f"the standard error ({_size(row['gap_error'])})"
        )
    error = _error(row["gap_error"])
    if found == "better":
        return f"better than {reference} by {_size(row['gap'])}{error}"
    if row["gap"] == 0:
        return f"as good as {reference}"
    return f"worse than {reference} by {_size(row['gap'])}{error}"


def references_in_words(scores: pd.DataFrame) -> str:
    """Return how the prediction does beside the references, hits, chance, and what is left out."""
    rows = _predicted(scores)
    ratio = pd.Series([row["cost_ratio_grid"] for row in rows]).median()
    return " ".join([_beside_all(rows, percent(1 / ratio)), *_hits(rows), *_weak(rows)])


def _beside_all(rows: list[dict[str, Any]], share: str) -> str:
    """How often the prediction is better than the references, a tie, or worse, and its cost."""
    if len(rows) == 1:
        return f"It is {beside_reference(rows[0])}, at {share} of its cost."
    found = [outcome(row) for row in rows]
    counts, tasks = Counter(found), _tasks(len(rows))
    losses = (("near", "worse by at most 5 %"), ("worse", "worse by more than 5 %"))
    others = [f"a tie on {counts['tie']}"] if counts["tie"] else []
    others += [f"{words} on {counts[kind]}" for kind, words in losses if counts[kind]]
    if not counts["better"]:
        return (
            f"Of {tasks}, the prediction is {_listed(others)}, beside {_references(rows)} and at "
            f"{share} of its cost."
        )
    most = max(-row["gap"] for row, kind in zip(rows, found, strict=True) if kind == "better")
    better = (
        f"better than {_references(rows)} on {counts['better']} of {tasks} by up to {_size(most)}"
    )
    return f"It is {_listed([better, *others])}, at {share} of its cost."


def _references(rows: list[dict[str, Any]]) -> str:
    if all(row["reference"] == "grid" for row in rows):
        return "grid search"
    sizes = sorted({row["reference_size"] for row in rows})
    count = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    return f"the best of {count} sampled configurations"


def _hits(rows: list[dict[str, Any]]) -> list[str]:
    """Hits on tasks where chance does not mostly hit, and the tasks that are left out of that."""
    left = [row for row in rows if not row["saturated"]]
    chance = "more than half of all random configurations do so"
    whole = all(row["reference"] == "grid" for row in rows)
    best = "grid search" if whole else "the best choice of any method"
    if not left:
        where = "on every task" if len(rows) > 1 else "here"
        return [f"Of coming within 5 % of {best} nothing is said: {where} {chance}."]
    rate = percent(sum(row["base_rate_5pct"] for row in left) / len(left))
    random = f"a random configuration does so with probability {rate}"
    hits = sum(bool(row["within_5pct"]) for row in left)
    if len(rows) == 1:
        said = "comes" if hits else "does not come"
        return [f"It {said} within 5 % of {best}; {random}."]
    sentences = [f"It comes within 5 % of {best} on {hits} of {_tasks(len(left))}; {random}."]
    if len(left) < len(rows):
        count = len(rows) - len(left)
        are = "is" if count == 1 else "are"
        sentences.append(f"{_tasks(count).capitalize()} where {chance} {are} left out of that.")
    return sentences


def _weak(rows: list[dict[str, Any]]) -> list[str]:
    weak = [row["weak_reference"] for row in rows if is_weak(row)]
    if not weak:
        return []
    if len(rows) == 1:
        return [f"The reference is weak ({weak[0]}): to come near it says little."]
    reasons = Counter(reason for reasons in weak for reason in reasons.split("; "))
    listed = "; ".join(f"{reason} on {count}" for reason, count in reasons.items())
    return [
        f"On {len(weak)} of {_tasks(len(rows))} the reference is weak, so that to come near it "
        f"says little ({listed})."
    ]


def is_weak(row: Mapping[str, Any]) -> bool:
    """Whether a task's reference is weak; an empty text is a missing value once in a file."""
    return bool(row["weak_reference"]) and pd.notna(row["weak_reference"])


def _by(gain: float) -> str:
    return "better" if gain > 0 else "worse"


def _side(row: Mapping[str, Any]) -> str:
    if row["gain"] == 0 or abs(row["gain"]) <= TIE * row["gain_error"]:
        return "as good"
    return "better" if row["gain"] > 0 else "worse"


def _error(error: float) -> str:
    """The standard error in brackets; nothing where a single seed does not tell it."""
    return "" if pd.isna(error) else f" (± {_size(error)})"


def _size(share: float) -> str:
    return percent(abs(share)) if abs(share) < float("inf") else "more than any per cent"


def _predicted(scores: pd.DataFrame) -> list[dict[str, Any]]:
    return scores[scores["role"] == "predicted"].to_dict("records")


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _tasks(count: int) -> str:
    return f"{count} task{'s' * (count != 1)}"
