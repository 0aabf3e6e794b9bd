"""One task: learning curves."""

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from probecast.evaluation.results import TaskResults
from probecast.report.drawing import GREY, WIDTH, Picture, limits, line_of, picture, style
from probecast.report.words import metric_label

PROBE = "#D55E00"
SHOWN = 60  # more curves only blacken the figure and swell the page


@style
def curves_figure(task: TaskResults) -> Picture:
    """The probes' validation curves and the recommendation's, the sweep's behind them.

    Args:
        task: the task's results.
    """
    info = task.info
    epochs = np.arange(1, info.epochs + 1)
    sweep = task.sweep.curves()
    shown = _evenly(sweep, info.epochs)
    probes = task.probes.curves().to_numpy()
    final = task.final.curves().loc[[task.choices["predicted"].config_id]].to_numpy()
    figure = Figure(figsize=(WIDTH, 3.2))
    axes = figure.subplots()
    segments = [np.column_stack([epochs, curve]) for curve in shown.to_numpy()]
    axes.add_collection(LineCollection(segments, colors=GREY, linewidths=0.7, alpha=0.35))
    axes.plot([], [], color=GREY, linewidth=0.7, label="sweep")
    for curve in final:
        axes.plot(epochs, curve, color=line_of("predicted").color, linewidth=1.6)
    axes.plot([], [], color=line_of("predicted").color, linewidth=1.6, label="recommendation")
    for curve in probes:
        axes.plot(epochs, curve, color=PROBE, marker="o", markersize=4, linewidth=2)
    axes.plot([], [], color=PROBE, marker="o", markersize=4, linewidth=2, label="probes")
    drawn = np.concatenate([values.ravel() for values in (shown.to_numpy(), probes, final)])
    axes.set_ylim(*limits(drawn, info, info.floor_val))
    axes.set_xlim(0.8, info.epochs + 0.2)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("epoch")
    axes.set_ylabel(f"validation {metric_label(info.metric)}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3)
    some = f"{len(shown)} of " if len(shown) < len(sweep) else ""
    return picture(
        figure,
        f"{info.task}-curves",
        f"Learning curves on {info.task}",
        f"The {len(probes)} probes that the prediction was made from, the recommendation's "
        f"full trainings with fresh seeds, and {some}the sweep's {len(sweep)} trials. Epochs "
        "much worse than the trivial predictor lie outside.",
    )


def _evenly(curves: pd.DataFrame, last: int) -> pd.DataFrame:
    """At most ``SHOWN`` curves, from the best last epoch to the worst in even steps."""
    order = curves[last].sort_values(kind="stable").index
    if len(order) > SHOWN:
        order = order[np.linspace(0, len(order) - 1, SHOWN).round().astype(int)]
    return curves.loc[order]
