"""How methods compare in one figure."""

import numpy as np
import pandas as pd

from probecast.report.drawing import INK, Picture, line_of, mark, picture, style, with_rows
from probecast.report.words import ROLE_LABELS, role_label, share, span

WORST_GAP = 50.0  # per cent; a larger gap is drawn at the edge


@style
def answer_figure(scores: pd.DataFrame, reference: str) -> Picture:
    """Every method: how close it comes to what counts as the best, and at what cost.

    That is grid search's choice; with a sampled sweep it is the best choice of any method, and
    the sweep's is a method like the others.

    Args:
        scores: one row per task and role (``scores.csv``).
        reference: what costs are shares of, in words.
    """
    whole = (scores["reference"] == "grid").all()
    best = "grid search" if whole else "the best choice of any method"
    roles = [role for role in ROLE_LABELS if role in set(scores["role"])]
    roles = [role for role in roles if role != "grid" or not whole]
    of_role = {role: scores[scores["role"] == role] for role in roles}
    gaps = {role: _clipped_gaps(rows["behind"]) for role, rows in of_role.items()}
    labels = [
        f"{role_label(role, not whole)}{'' if role == 'default' else _of(of_role[role])}"
        for role in roles
    ]
    lowest = min(-5.0, *(values[0] for values in gaps.values())) - 2
    figure, axes = with_rows(labels, inches=0.42)
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
    axes.set_xlabel(f"worse than {best} on test by (%)")
    return picture(
        figure,
        "answer",
        f"How close each method comes to {best}, and what it costs",
        "One mark per task, after retraining with fresh seeds; the upright bar is the median. "
        f"Shaded is within 5 % of {best}{', left of 0 is better' if whole else ''}. A gap above "
        f"{WORST_GAP:.0f} % is drawn at the edge. Beside a method's name, the number of "
        "configurations that it could choose from. On the right, the total cost as a share of "
        f"that of the {reference}, by the median ratio over tasks.",
    )


def _of(rows: pd.DataFrame) -> str:
    """From how many configurations a method chose."""
    return f", of {span(rows['chosen_from'])}"


def _clipped_gaps(gaps: pd.Series) -> np.ndarray:
    """Gaps in per cent, sorted; what is far off moves to the edge of the figure."""
    return np.sort(np.clip(100 * gaps.to_numpy(dtype=float), -WORST_GAP, WORST_GAP))
