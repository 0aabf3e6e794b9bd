"""The comparison as tables: how sure an accuracy is, and what it has cost."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from probecast.evaluation.statistics import wilson_interval
from probecast.learner.recommendation import Cost
from probecast.study.finetuning import DEFAULT, PREDICTED, SCALED, FinetuningSettings

EVALUATED = (
    *("eval_loss", "eval_accuracy", "eval_runtime"),
    *("eval_samples_per_second", "eval_steps_per_second"),
)
COSTS = ("epochs", "seconds", "flops")
MODELS = ["task", "settings", "dataset"]  # with a seed, one evaluated model
DIVERGED = -1.0  # stands for its accuracy
IDENTITY = ("task", "settings", "seed", "dataset", "examples")


def hyperparameters_of(runs: pd.DataFrame) -> list[str]:
    """Return the columns that say what the models were trained with."""
    return [name for name in runs if name not in {*IDENTITY, *EVALUATED, *COSTS}]


def with_intervals(runs: pd.DataFrame) -> pd.DataFrame:
    """Add ``accuracy_low`` and ``accuracy_high``: the 95 % Wilson interval of every single run."""
    pairs = zip(runs["eval_accuracy"], runs["examples"], strict=True)
    ends = pd.DataFrame([wilson_interval(*pair) for pair in pairs], index=runs.index)
    return runs.assign(accuracy_low=ends[0], accuracy_high=ends[1])


def summarise(runs: pd.DataFrame, probe_cost: Mapping[str, Cost]) -> pd.DataFrame:
    """Return one row per task, settings and dataset: means over seeds, intervals, costs.

    All seeds are evaluated on the same texts, so that the interval of a mean accuracy is that of
    one run with as many hits: further seeds add no texts.

    Args:
        runs: the rows of all models, as ``runs.fine_tune`` returns them, with ``task`` and
            ``settings``.
        probe_cost: of all probes, by task.

    Returns:
        ``task``, ``settings``, the hyperparameters, ``dataset``, ``examples``, ``seeds``; the
        means of what a run reports (NaN if one diverged); ``accuracy_low``, ``accuracy_high``;
        ``accuracy_worst_seed`` and ``accuracy_best_seed``; and ``total_epochs``,
        ``total_seconds`` and ``total_flops``: one training and, if predicted, the probes.
    """
    hyperparameters = hyperparameters_of(runs)
    rows = []
    for (task, settings, dataset), group in runs.groupby(MODELS, sort=False):
        first, accuracy = group.iloc[0], group["eval_accuracy"]
        means = {name: group[name].mean(skipna=False) for name in (*EVALUATED, *COSTS)}
        before = dict(probe_cost[task]) if settings == PREDICTED else dict.fromkeys(COSTS, 0)
        low, high = wilson_interval(means["eval_accuracy"], first["examples"])
        rows.append(
            {
                "task": task,
                "settings": settings,
                **first[hyperparameters],
                "dataset": dataset,
                "examples": first["examples"],
                "seeds": len(group),
                **means,
                "accuracy_low": low,
                "accuracy_high": high,
                "accuracy_worst_seed": accuracy.min(),
                "accuracy_best_seed": accuracy.max(),
                **{f"total_{cost}": means[cost] + before[cost] for cost in COSTS},
            }
        )
    return pd.DataFrame(rows)


def against_prediction(runs: pd.DataFrame) -> pd.DataFrame:
    """Return how the prediction does beside each of the other settings, seed by seed.

    Args:
        runs: as for ``summarise``.

    Returns:
        One row per settings: ``comparisons`` (tasks x datasets x seeds), in how many of them the
        prediction is ``worse`` and ``better`` (a model that diverged is worse than any that did
        not), and the ``mean_gain`` in accuracy of the prediction where neither diverged.
    """
    pairs = runs.pivot(
        index=["task", "dataset", "seed"], columns="settings", values="eval_accuracy"
    )
    predicted, rows = pairs[PREDICTED], []
    for name in runs["settings"].drop_duplicates():
        if name == PREDICTED:
            continue
        ours, theirs = predicted.fillna(DIVERGED), pairs[name].fillna(DIVERGED)
        rows.append(
            {
                "settings": name,
                "comparisons": len(pairs),
                "worse": int((ours < theirs).sum()),
                "better": int((ours > theirs).sum()),
                "mean_gain": (predicted - pairs[name]).mean(),
            }
        )
    return pd.DataFrame(rows)


def in_markdown(
    summary: pd.DataFrame,
    against: pd.DataFrame,
    settings: FinetuningSettings,
    hyperparameters: list[str],
) -> str:
    """Return the comparison as a page.

    Args:
        summary: as ``summarise`` returns it.
        against: as ``against_prediction`` returns it.
        settings: what was compared.
        hyperparameters: their columns in the summary.
    """
    parts = [
        "# Fine-tuning: the prediction, and settings chosen by hand",
        "How often the prediction is worse than each of the others, over tasks, datasets and "
        "seeds, and what it gains in accuracy:",
        _table(
            {
                "settings": row["settings"],
                "worse": f"{row['worse']} of {row['comparisons']}",
                "better": f"{row['better']} of {row['comparisons']}",
                "mean gain": f"{row['mean_gain']:+.3f}",
            }
            for row in against.to_dict("records")
        ),
    ]
    for task, rows in summary.groupby("task", sort=False):
        parts += _of_task(task, rows, settings, hyperparameters)
    parts.append(
        f"Total cost: one training and, for `{PREDICTED}`, all probes before it. `{SCALED}`: the "
        "warm-up steps written by hand as the share of all steps that they would be with "
        f"{settings.by_hand_rows:,} training rows; otherwise as written, which may be more steps "
        "than there are (a share above 1: the learning rate rises to the end). "
        f"`{DEFAULT}`: the study's default configuration."
    )
    parts.append(
        "Means over seeds; intervals: 95 % (Wilson) for a mean accuracy over the same test rows. "
        "Seconds are core time."
    )
    return "\n\n".join(parts) + "\n"


def _of_task(
    task: str, summary: pd.DataFrame, settings: FinetuningSettings, hyperparameters: list[str]
) -> Iterator[str]:
    """Yield the parts of the page on one task: settings and costs, then every dataset."""
    yield f"## Trained for {task}"
    yield _table(
        {
            "settings": row["settings"],
            "epochs": f"{row['epochs']:g}",
            **{name.replace("_", " "): _spelled(row[name]) for name in hyperparameters},
            "total cost: epochs": f"{row['total_epochs']:g}",
            "core-seconds": f"{row['total_seconds']:.0f}",
            "TFLOP": f"{row['total_flops'] / 1e12:.1f}",
        }
        for row in summary.drop_duplicates("settings").to_dict("records")
    )
    for dataset, rows in summary.groupby("dataset", sort=False):
        first = rows.iloc[0]
        yield f"On {dataset}: {first['examples']} test rows, {first['seeds']} seeds"
        yield _table(map(_cells, rows.to_dict("records")))
        if record := settings.record.get(task, {}).get(dataset):
            yield f"Accuracy on record: {record:.3f}."


def _cells(row: dict[str, Any]) -> dict[str, str]:
    return {
        "settings": row["settings"],
        "eval_loss": f"{row['eval_loss']:.3f}",
        "eval_accuracy": f"{row['eval_accuracy']:.3f}",
        "interval": f"{row['accuracy_low']:.3f} to {row['accuracy_high']:.3f}",
        "seeds": f"{row['accuracy_worst_seed']:.3f} to {row['accuracy_best_seed']:.3f}",
        "eval_runtime": f"{row['eval_runtime']:.1f}",
        "samples per second": f"{row['eval_samples_per_second']:.1f}",
        "steps per second": f"{row['eval_steps_per_second']:.2f}",
    }


def _spelled(value: Any) -> str:
    """Spell a hyperparameter: text as it is, none where it was left to the default."""
    if isinstance(value, str):
        return value
    return "default" if pd.isna(value) else f"{value:.4g}"


def _table(rows: Iterable[dict[str, str]]) -> str:
    return pd.DataFrame(rows).to_markdown(index=False, tablefmt="github", disable_numparse=True)
