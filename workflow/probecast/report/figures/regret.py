"""Regret over total cost: every tuner on every task, replayed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from probecast.evaluation.statistics import bootstrap_interval, rises
from probecast.report.drawing import WIDTH, Picture, lines_of, picture, style
from probecast.report.words import tuner_label

REGRETS = (0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1)  # labelled on the axis


@style
def regret_figure(
    runs: pd.DataFrame, where: str, seed: int, families: Mapping[str, str] | None = None
) -> Picture:
    """Mean regret of every tuner over total cost, with the spread between tasks.

    Args:
        runs: the replayed tuners: ``task, method, repetition, cost, regret``.
        where: what the tuners were replayed on, in words.
        seed: seed of the bootstrap.
        families: task -> family, which the bootstrap draws whole; by default every task
            stands for itself.
    """
    methods = sorted(set(runs["method"]), key=lambda name: (name != "probecast", name))
    curves = {method: regret_over_cost(runs[runs["method"] == method]) for method in methods}
    looks, risen = lines_of(methods), {}
    figure = Figure(figsize=(WIDTH, 3.4))
    axes = figure.subplots()
    for method, curve in curves.items():
        look, mean = looks[method], curve.mean()
        axes.plot(
            *(mean.index, mean, look.linestyle),
            **{"color": look.color, "marker": look.marker, "markersize": 4},
            linewidth=2.5 if method == "probecast" else 1.4,
            zorder=3 if method == "probecast" else 2,
            label=tuner_label(method),
        )
        drawn = curve.index if families is None else curve.index.map(families)
        rising = risen[method] = rises(curve)
        ring = {"color": look.color, "markersize": 10, "markerfacecolor": "none", "zorder": 4}
        axes.plot(rising, mean[rising], marker="o", linestyle="", **ring)
        low, high = bootstrap_interval(curve, drawn, seed)
        axes.fill_between(mean.index, low, high, color=look.color, alpha=0.12, linewidth=0)
    _scale(axes)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3)
    unit = ("task", "tasks") if families is None else ("family", "families")
    return picture(
        figure,
        "regret",
        "Regret over total cost",
        f"Every tuner, replayed on {where}; mean over tasks. Bands: 95 % bootstrap over "
        f"{unit[1]}, none with a single {unit[0]}. Further down and further left is better; the "
        f"upright axis is stretched towards 0.{_rising(risen)}"
        f"{_partial(curves, runs['task'].nunique())}",
    )


def regret_over_cost(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one method's regret as (task x cost), mean over repetitions.

    Where a task's ladder skips a cost, its last cheaper recommendation still stands; costs
    at which some task has none yet are left out, so that every mean is over all tasks.
    """
    means = runs.groupby(["task", "cost"])["regret"].mean().unstack("cost")
    return means.sort_index(axis=1).ffill(axis=1).dropna(axis=1)


def _scale(axes: Axes) -> None:
    """Logarithmic cost; regret by its square root, which spreads good tuners and has a 0."""
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("total cost (full training runs)")
    top = axes.get_ylim()[1]
    axes.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
    axes.set_yticks([tick for tick in REGRETS if tick <= top])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_ylim(0, top)
    axes.set_ylabel("mean regret (0 best, 1 trivial)")


def _rising(risen: Mapping[str, list[float]]) -> str:
    """Which methods' regret rises with the cost, and where."""
    listed = [
        f"{tuner_label(method)} at {', '.join(f'{cost:g}' for cost in costs)}"
        for method, costs in risen.items()
        if costs
    ]
    if not listed:
        return " No method's regret rises with the cost by more than the standard error."
    return (
        " A ring marks where regret is higher than at a lower cost by more than the standard "
        f"error of the paired difference over tasks: {'; '.join(listed)}."
    )


def _partial(curves: Mapping[str, pd.DataFrame], tasks: int) -> str:
    """Which methods' means are over fewer tasks than there are."""
    fewer = [
        f"{tuner_label(method)} ({len(curve)})"
        for method, curve in curves.items()
        if len(curve) < tasks
    ]
    return f" Over fewer than the {tasks} tasks: {', '.join(fewer)}." if fewer else ""
