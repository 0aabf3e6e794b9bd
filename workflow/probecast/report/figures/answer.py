"""The study's answer in one figure."""

import numpy as np
import pandas as pd

from probecast.report.drawing import INK, Picture, line_of, mark, picture, style, with_rows
from probecast.report.words import ROLE_LABELS, share

WORST_GAP = 50.0  # per cent; a larger gap is drawn at the edge


@style
def answer_figure(scores: pd.DataFrame, reference: str) -> Picture:
    """Every method: how close it comes to the reference, and at what share of its cost.

    Args:
        scores: one row per task and role (``scores.csv``).
        reference: what is compared with, in words.
    """
    roles = [role for role in ROLE_LABELS if role != "grid" and role in set(scores["role"])]
    gaps = {r: _clipped_gaps(scores.loc[scores["role"] == r, "gap"]) for r in roles}
    lowest = min(-5.0, *(values[0] for values in gaps.values())) - 2
    figure, axes = with_rows([ROLE_LABELS[role] for role in roles], inches=0.42)
    axes.axvspan(lowest, 5, color=line_of("predicted").color, alpha=0.1, linewidth=0)
    axes.axvline(0, color=INK, linewidth=1.2)
    beside = axes.get_yaxis_transform()
    for row, role in enumerate(roles):
        mark(axes, row, gaps[role], np.median(gaps[role]), line_of(role))
        cost = 1 / scores.loc[scores["role"] == role, "cost_ratio_grid"].median()
        weight = "bold" if role == "predicted" else "normal"
        axes.text(1.03, row, share(cost), transform=beside, va="center", weight=weight)
    axes.text(1.03, -0.8, "cost", transform=beside, va="center", style="italic")
    axes.set_xlim(lowest, WORST_GAP + 2)
    axes.set_xlabel("worse than the reference on test by (%)")
    return picture(
        figure,
        "answer",
        "How close each method comes to the reference, and what it costs",
        f"Compared with: {reference}. One mark per task, after retraining with fresh seeds; the "
        "upright bar is the median. Left of 0 is better than the reference; shaded is within "
        f"5 % of it. A gap above {WORST_GAP:.0f} % is drawn at the edge. On the right, the "
        "total cost as a share of the reference's (by the median ratio over tasks).",
    )


def _clipped_gaps(gaps: pd.Series) -> np.ndarray:
    """Gaps in per cent, sorted; what is far off moves to the edge of the figure."""
    return np.sort(np.clip(100 * gaps.to_numpy(dtype=float), -WORST_GAP, WORST_GAP))
