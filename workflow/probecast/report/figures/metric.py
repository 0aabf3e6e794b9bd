"""One task: what each method's choice reaches."""

import numpy as np
import pandas as pd

from probecast.evaluation.reference import bar
from probecast.evaluation.results import TaskResults
from probecast.report import drawing
from probecast.report.drawing import INK, Picture, limits, line_of, picture, style, with_rows
from probecast.report.words import metric_label, role_label, with_error


@style
def metric_figure(rows: pd.DataFrame, task: TaskResults) -> Picture:
    """The test metric of each choice after retraining, with the error over seeds.

    Args:
        rows: the task's rows of the scores.
        task: the task's results.
    """
    info = task.info
    means, errors = rows["test_mean"].to_numpy(), rows["test_error"].fillna(0).to_numpy()
    drawn = np.concatenate([means - errors, means + errors])
    low, high = limits(drawn, info, drawing.worst_shown(means, info, info.floor_test))
    reference = float(rows.loc[rows["role"] == "grid", "test_mean"].iloc[0])
    best = bar(dict(zip(rows["role"], means, strict=True)), task.sampled, info.higher_is_better)
    roles = [(role, task.sampled, task.chosen_from(role)) for role in rows["role"]]
    figure, axes = with_rows([role_label(*role) for role in roles])
    edge, better = (0.95 * best, high) if info.higher_is_better else (1.05 * best, low)
    axes.axvspan(edge, better, color=line_of("predicted").color, alpha=0.1, linewidth=0)
    axes.axvline(reference, color=INK, linewidth=1)
    beside = axes.get_yaxis_transform()
    for row, role in enumerate(rows["role"]):
        look = line_of(role)
        marker = {"color": look.color, "marker": look.marker, "markersize": 5, "capsize": 4}
        axes.errorbar(np.clip(means[row], low, high), row, xerr=errors[row], **marker)
        weight = "bold" if role == "predicted" else "normal"
        text = with_error(means[row], rows["test_error"].iloc[row])
        axes.text(1.03, row, text, transform=beside, va="center", weight=weight)
    axes.set_xlim(low, high)
    axes.set_xlabel(f"test {metric_label(info.metric)}")
    return picture(
        figure,
        f"{info.task}-metric",
        f"What each choice reaches on {info.task}",
        f"Mean and standard error over {rows['seeds'].min()} fresh seeds; "
        f"{'larger' if info.higher_is_better else 'smaller'} is better. Line: "
        f"{task.reference}. Shade: within 5 % of "
        f"{'the best choice of any method' if task.sampled else 'it'}. Beside a method's name, "
        "the number of configurations that it could choose from.",
    )
