"""What a task's choices are held against, and whether to come near that says anything."""

from collections.abc import Mapping

from probecast.evaluation.results import TaskResults
from probecast.regret import within

SMALL_SAMPLE = 59
"""With so many random configurations, the best is among the best 5 % in 95 of 100 samples."""
NO_GAIN = 0.01  # the default comes as close to the reference: tuning has gained nothing
TRIVIAL = 0.05  # the trivial predictor comes as close: it would be a hit itself


def bar(values: Mapping[str, float], sampled: bool, higher_is_better: bool) -> float:
    """Return what counts as the best, for hits: grid search's choice after retraining.

    The best of a sample may be far from the best of the space. There the best retrained choice
    of any method stands for it.

    Args:
        values: role -> test metric after retraining.
        sampled: whether the sweep is a sample of the space.
        higher_is_better: the metric's direction.
    """
    if not sampled:
        return values["grid"]
    return max(values.values()) if higher_is_better else min(values.values())


def weakness(task: TaskResults, values: Mapping[str, float]) -> str:
    """Return why to come near the reference says little; nothing where it says something.

    Args:
        task: the task's results.
        values: role -> test metric after retraining.
    """
    reference, higher = values["grid"], task.info.higher_is_better
    found = []
    if task.sampled and task.swept < SMALL_SAMPLE:
        found.append(f"a sample of only {task.swept} configurations")
    if within(task.sweep.floor(), reference, TRIVIAL, higher):
        found.append("hardly better than the trivial predictor")
    if within(values["default"], reference, NO_GAIN, higher):
        found.append("no better than the default")
    return "; ".join(found)
