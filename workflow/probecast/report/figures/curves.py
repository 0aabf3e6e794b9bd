"""One task: the probes' learning curves, how they were believed to go on, and how they did."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from probecast.evaluation.results import TaskResults
from probecast.learner.recommendation import Probe
from probecast.report.drawing import (
    GREY,
    INK,
    WIDTH,
    Line,
    Picture,
    limits,
    line_of,
    picture,
    style,
    worst_shown,
)
from probecast.report.words import metric_label
from probecast.space import config_id

OTHERS = [Line("#D55E00", "^"), Line("#009E73", "D"), Line("#CC79A7", "v"), Line("#E69F00", "s")]
SHOWN = 60  # more curves only blacken the figure and swell the page


@style
def curves_figure(task: TaskResults) -> Picture:
    """The probes' validation curves, with the predicted and the true continuation.

    Args:
        task: the task's results.
    """
    info = task.info
    epochs = np.arange(1, info.epochs + 1)
    sweep, seen = task.sweep.curves(), task.probes.curves().droplevel("seed")
    true = task.continued.curves().droplevel("seed")
    shown = _evenly(sweep, info.epochs)
    figure = Figure(figsize=(WIDTH, 3.2))
    axes = figure.subplots()
    segments = [np.column_stack([epochs, curve]) for curve in shown.to_numpy()]
    axes.add_collection(LineCollection(segments, colors=GREY, linewidths=0.7, alpha=0.25))

    probes, recommended = task.prediction.probes, config_id(task.prediction.configuration)
    others = cycle(OTHERS)
    for probe in probes:
        identity = config_id(probe.configuration)
        look = line_of("predicted") if identity == recommended else next(others)
        _probe(axes, probe, seen.loc[identity], true.loc[identity], look)
    believed = [getattr(p, end) for probe in probes for p in probe.continuation for end in ENDS]
    drawn = np.concatenate([*map(np.ravel, (shown, seen, true)), believed])
    worst = worst_shown(np.concatenate([seen, true]), info, info.floor_val)
    axes.set_ylim(*limits(drawn, info, worst))
    axes.set_xlim(0.8, info.epochs + 0.2)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("epoch")
    axes.set_ylabel(f"validation {metric_label(info.metric)}")
    _legend(axes)
    some = f"{len(shown)} of " if len(shown) < len(sweep) else ""
    ends = [(true.loc[config_id(p.configuration)].iloc[-1], p.continuation) for p in probes]
    held = [rest[-1].low <= end <= rest[-1].high for end, rest in ends if rest]
    verdict = (
        f" At the end, {sum(held)} of {len(held)} lay within their 80 % bands."
        if held
        else " All were trained to the end, or diverged: nothing was left to predict."
    )
    return picture(
        figure,
        f"{info.task}-curves",
        f"Probes on {info.task}, and how they go on",
        f"The {len(probes)} probes that the prediction was made from, the recommended one blue; "
        "what was then expected of the rest, with 80 % bands; and how each went on when it was "
        f"trained to the end.{verdict} Behind: {some}the sweep's {len(sweep)} trials. What is "
        "much worse than the trivial predictor, and than most of these, lies outside.",
    )


ENDS = ("low", "high")


def _probe(axes: Axes, probe: Probe, seen: pd.Series, true: pd.Series, look: Line) -> None:
    """One probe: what was bought, what was believed of the rest, and what was so."""
    bought = probe.epochs
    seen, rest = seen.loc[:bought], true.loc[bought:]
    axes.plot(seen.index, seen, color=look.color, marker=look.marker, markersize=5, linewidth=2)
    axes.plot(rest.index, rest, color=look.color, linewidth=1)
    believed = probe.continuation
    if believed:
        start = {"epoch": bought, **dict.fromkeys(("expected", *ENDS), seen.iloc[-1])}
        ahead = pd.DataFrame([start, *map(dict, believed)]).set_index("epoch")
        axes.plot(ahead["expected"], color=look.color, linewidth=1.6, linestyle=(0, (2, 2)))
        band = {"color": look.color, "alpha": 0.15, "linewidth": 0}
        axes.fill_between(ahead.index, ahead["low"], ahead["high"], **band)


def _legend(axes: Axes) -> None:
    for name, kind in {
        "probe": {"marker": "o", "markersize": 5, "linewidth": 2},
        "predicted": {"linewidth": 1.6, "linestyle": (0, (2, 2))},
        "true": {"linewidth": 1},
    }.items():
        axes.plot([], [], color=INK, label=name, **kind)
    axes.plot([], [], color=GREY, linewidth=0.7, label="sweep")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=4, handlelength=2.2)


def _evenly(curves: pd.DataFrame, last: int) -> pd.DataFrame:
    """At most ``SHOWN`` curves, from the best last epoch to the worst in even steps."""
    order = curves[last].sort_values(kind="stable").index
    if len(order) > SHOWN:
        order = order[np.linspace(0, len(order) - 1, SHOWN).round().astype(int)]
    return curves.loc[order]
