"""What is lost when no source task has the target's architecture."""

import pandas as pd
from matplotlib.figure import Figure

from probecast.report.drawing import INK, WIDTH, Picture, line_of, picture, style
from probecast.report.words import tuner_label

ALL = "all"


@style
def architectures_figure(architectures: pd.DataFrame) -> Picture:
    """Mean regret per architecture: sources like it and without, beside random search.

    Args:
        architectures: one row per task, tuner and what was held out (``architectures.csv``).
    """
    everywhere = architectures.assign(architecture=ALL)
    several = architectures["architecture"].nunique() > 1
    rows = pd.concat([everywhere, architectures]) if several else architectures
    means = rows.groupby(["architecture", "method", "held_out"], sort=False)["regret"].mean()
    names = list(dict.fromkeys(rows["architecture"]))
    figure = Figure(figsize=(WIDTH, 0.6 * len(names) + 1.2))
    axes = figure.subplots()
    series = list(dict.fromkeys(means.index.droplevel("architecture").sort_values()))
    for (name, method, held_out), regret in means.items():
        look, hollow = line_of(method), held_out == "architecture"
        beside = 0.15 * (series.index((method, held_out)) - (len(series) - 1) / 2)
        axes.plot(
            regret,
            names.index(name) + beside,
            color=look.color,
            marker=look.marker,
            markersize=6,
            markerfacecolor="none" if hollow else look.color,
            linestyle="",
        )
    for method in dict.fromkeys(architectures["method"]):
        look = line_of(method)
        axes.plot([], [], color=look.color, marker=look.marker, ls="", label=tuner_label(method))
    axes.plot([], [], color=INK, marker="o", ls="", markerfacecolor="none", label="unlike sources")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(left=-0.02)
    axes.set_xlabel("mean regret (0 best, 1 trivial)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.4 / len(names) - 0.1), ncols=4)
    return picture(
        figure,
        "architectures",
        "An architecture that no source has",
        "Mean regret on the sweeps at the prediction's total cost, by the target's architecture. "
        "Filled: learnt from all tasks of other families; hollow: from all tasks of other "
        "architectures. Random search learns from nothing.",
    )
