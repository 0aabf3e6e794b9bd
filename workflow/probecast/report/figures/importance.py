"""Which hyperparameters mattered."""

import numpy as np
import pandas as pd

from probecast.report.drawing import Picture, line_of, mark, picture, style, with_rows
from probecast.report.words import hyperparameter


@style
def importance_figure(importance: pd.DataFrame) -> Picture:
    """The share of the variance that each hyperparameter explains by itself.

    Args:
        importance: one row per task and hyperparameter (``importance.csv``), of tasks that
            have shares.
    """
    shares = importance.pivot(index="task", columns="hyperparameter", values="share")
    medians = shares.median().sort_values(ascending=False, kind="stable")
    figure, axes = with_rows([hyperparameter(name) for name in medians.index])
    for row, (name, median) in enumerate(medians.items()):
        values = np.sort(100 * shares[name].dropna().to_numpy())
        mark(axes, row, values, 100 * median, line_of("predicted"))
    axes.set_xlim(-2, 102)
    axes.set_xlabel("variance of the result explained (%)")
    return picture(
        figure,
        "importance",
        "Which hyperparameters mattered",
        "How much of the variance of the last validation metric each explains by itself "
        "(functional ANOVA of the sweep); one mark per task, the upright bar is the median. What "
        "the shares of a task lack of 100 % is due to hyperparameters acting together.",
    )
