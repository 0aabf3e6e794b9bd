"""Whether the prediction's beliefs are as sure as they should be."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from probecast.evaluation.calibration import BINS
from probecast.report.drawing import GREY, INK, WIDTH, Picture, line_of, mark, picture, style
from probecast.tuning.protocol import Belief


@style
def calibration_figure(beliefs: pd.DataFrame, calibration: pd.DataFrame) -> Picture:
    """Promised probabilities against frequencies, and how often intervals held.

    Args:
        beliefs: about recommendations on every task, and what became of them
            (``evaluation.results.study_beliefs``).
        calibration: the same summed up, the first row over all (``calibration.csv``).
    """
    figure = Figure(figsize=(WIDTH, 4.2))
    upper, lower = figure.subplots(2, height_ratios=(3, 1), gridspec_kw={"hspace": 0.5})
    _reliability(upper, beliefs)
    _coverage(lower, calibration)
    return picture(
        figure,
        "calibration",
        "Are the beliefs as sure as they should be?",
        f"Over {len(beliefs)} recommendations of replays on the sweeps. Above: of the "
        "recommendations that were promised to come within 5 % of the best with a "
        "probability, the share that does; larger dots stand for more of them, and on the line "
        "promises are kept. Below: the share of 80 % intervals that held the outcome, one mark "
        "per task; the upright bar is over all.",
    )


def _reliability(axes: Axes, beliefs: pd.DataFrame) -> None:
    number = np.minimum((beliefs["probability"].astype(float) * BINS).astype(int), BINS - 1)
    bins = beliefs.astype({"near_best": float}).groupby(number)
    promised, kept = bins["probability"].mean(), bins["near_best"].mean()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1)
    look = line_of("predicted")
    axes.plot(promised, kept, color=look.color, linewidth=1, alpha=0.6)
    size = 20 + 180 * bins.size() / max(len(beliefs), 1)
    axes.scatter(promised, kept, s=size, color=look.color, zorder=3)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.05, 1.05))
    axes.set_xlabel("probability of coming within 5 % of the best")
    axes.set_ylabel("share that does")


def _coverage(axes: Axes, calibration: pd.DataFrame) -> None:
    held = calibration["coverage"].to_numpy(dtype=float)
    axes.axvline(100 * Belief.LEVEL, color=INK, linewidth=1)
    mark(axes, 0, 100 * held[1:], 100 * held[0], line_of("predicted"))
    axes.set(xlim=(-2, 102), ylim=(-0.5, 0.5), yticks=[])
    axes.spines["left"].set_color(GREY)
    axes.set_xlabel("80 % intervals that held (%)")
