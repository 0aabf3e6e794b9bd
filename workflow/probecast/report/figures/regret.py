"""Regret over total cost: every tuner on every task, replayed."""

import pandas as pd
from matplotlib.figure import Figure

from probecast.evaluation.results import TaskResults
from probecast.evaluation.statistics import bootstrap_interval
from probecast.report.drawing import WIDTH, Picture, line_of, picture, style


@style
def regret_figure(tasks: list[TaskResults], reference: str, seed: int) -> Picture:
    """Mean regret of every tuner over total cost, with the spread between families.

    Args:
        tasks: the tasks' results; their ``baselines`` hold the replayed tuners.
        reference: what the tuners were replayed on, in words.
        seed: seed of the bootstrap.
    """
    baselines = pd.concat([task.baselines for task in tasks], ignore_index=True)
    family = {task.info.task: task.info.family for task in tasks}
    figure = Figure(figsize=(WIDTH, 3.4))
    axes = figure.subplots()
    for method in sorted(set(baselines["method"]), key=lambda name: (name != "probecast", name)):
        curve = regret_over_cost(baselines[baselines["method"] == method])
        mean, look = curve.mean(), line_of(method)
        axes.plot(
            mean.index,
            mean,
            color=look.color,
            linestyle=look.linestyle,
            linewidth=2.5 if method == "probecast" else 1.4,
            marker=look.marker,
            markersize=4,
            label=method.replace("_", " "),
        )
        low, high = bootstrap_interval(curve, curve.index.map(family), seed)
        axes.fill_between(mean.index, low, high, color=look.color, alpha=0.12, linewidth=0)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("total cost (full training runs)")
    axes.set_ylabel("mean regret (0 best, 1 trivial)")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3)
    return picture(
        figure,
        "regret",
        "Regret over total cost",
        f"Every tuner, replayed on the sweep of every task ({reference}); mean over tasks. "
        "Bands: 95 % bootstrap over families, none with a single family. Further down and "
        "further left is better.",
    )


def regret_over_cost(baselines: pd.DataFrame) -> pd.DataFrame:
    """Return one method's regret as (task x cost), mean over repetitions.

    Where a task's ladder skips a cost, its last cheaper recommendation still stands; costs
    at which some task has none yet are left out, so that every mean is over all tasks.
    """
    means = baselines.groupby(["task", "cost"])["regret"].mean().unstack("cost")
    return means.sort_index(axis=1).ffill(axis=1).dropna(axis=1)
