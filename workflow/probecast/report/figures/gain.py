"""The gain over the default: of every task, or of every method on a single one."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from probecast.report.drawing import GREY, INK, Picture, line_of, picture, style, with_rows
from probecast.report.words import role_label, share, signed

SHOWN = 100.0  # per cent; what is further off is drawn at the edge
CROWD = 12  # tasks; the rows of more are lower


@style
def gain_figure(scores: pd.DataFrame) -> Picture:
    """By how much the prediction is better than the default on test data, with its error.

    Args:
        scores: one row per task and role (``scores.csv``).
    """
    tasks = list(dict.fromkeys(scores["task"]))
    if len(tasks) == 1:
        rows = scores[scores["role"] != "default"]
        labels = [
            role_label(row.role, row.reference != "grid", row.chosen_from)
            for row in rows.itertuples()
        ]
        what = f"every method's choice on {tasks[0]}"
    else:
        rows = scores[scores["role"] == "predicted"]
        rows = rows.sort_values("gain", ascending=False, kind="stable")
        labels, what = list(rows["task"]), f"the prediction on each of {len(tasks)} tasks"
    return picture(
        _draw(rows, labels),
        "gain",
        "Gain over the default",
        f"By how much the test metric of {what} is better than that of the default "
        "configuration, relative to it, with the standard error over the fresh seeds that both "
        "were trained with. Left of 0 the default is better. What is further off than "
        f"{SHOWN:.0f} % is drawn at the edge.",
    )


def _draw(rows: pd.DataFrame, labels: Sequence[str]) -> Figure:
    figure, axes = with_rows(labels, inches=0.36 if len(labels) <= CROWD else 0.2)
    gains, errors = (
        np.clip(100 * rows[name].to_numpy(dtype=float), -SHOWN, SHOWN)
        for name in ("gain", "gain_error")
    )
    beside = axes.get_yaxis_transform()
    axes.axvline(0, color=INK, linewidth=1.2)
    for place, row in enumerate(rows.itertuples()):
        look = line_of("default" if row.worse_than_default else row.role)
        marker = {"color": look.color, "marker": look.marker, "markersize": 5, "capsize": 3}
        error = 0 if np.isnan(errors[place]) else errors[place]
        axes.errorbar(gains[place], place, xerr=error, **marker)
        known = "" if np.isnan(errors[place]) else f" ± {share(row.gain_error)}"
        axes.text(1.03, place, f"{signed(row.gain)}{known}", transform=beside, va="center")
    low = min(np.nanmin(gains - np.nan_to_num(errors)), 0)
    high = max(np.nanmax(gains + np.nan_to_num(errors)), 1)
    margin = 0.04 * (high - low)
    axes.axvspan(low - margin, 0, color=GREY, alpha=0.1, linewidth=0)
    axes.set_xlim(max(low, -SHOWN) - margin, min(high, SHOWN) + margin)
    axes.set_xlabel("better than the default on test by (%)")
    return figure
