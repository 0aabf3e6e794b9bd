"""Which hyperparameters mattered."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from probecast.report.drawing import WIDTH, Picture, line_of, picture, style
from probecast.report.words import hyperparameter


@style
def importance_figure(importance: pd.DataFrame) -> Picture:
    """The share of the variance that each hyperparameter explains by itself.

    Args:
        importance: one row per task and hyperparameter (``importance.csv``).
    """
    shares = importance.pivot(index="task", columns="hyperparameter", values="share")
    medians = shares.median().sort_values(ascending=False, kind="stable")
    figure = Figure(figsize=(WIDTH, 0.36 * len(medians) + 0.8))
    axes = figure.subplots()
    look = line_of("predicted")
    for row, name in enumerate(medians.index):
        values = np.sort(100 * shares[name].dropna().to_numpy())
        spread = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(len(values))
        axes.scatter(values, row + spread, color=look.color, alpha=0.6, linewidth=0)
        axes.plot([100 * medians[name]] * 2, [row - 0.34, row + 0.34], color=look.color, lw=2.5)
    axes.set_yticks(range(len(medians)), [hyperparameter(name) for name in medians.index])
    axes.set_ylim(len(medians) - 0.5, -0.5)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("variance of the result explained (%)")
    axes.grid(axis="y", visible=False)
    return picture(
        figure,
        "importance",
        "Which hyperparameters mattered",
        "How much of the variance of the last validation metric each explains by itself "
        "(functional ANOVA of the sweep); one mark per task, the upright bar is the median. What "
        "the shares of a task lack of 100 % is due to hyperparameters acting together.",
    )
