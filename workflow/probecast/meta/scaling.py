"""One scale for every metric: 0 is the trivial predictor, 1 is perfect.

The two ends come from the task's description alone, never from its trials, so that
nothing about a target's table is used before it is bought.
"""

import numpy as np
from numpy.typing import ArrayLike

from probecast.errors import ProbecastError
from probecast.training.metrics import get_metric
from probecast.trials import TaskInfo, TrialTable

WORST = -0.2  # how much worse than trivial a value is does not matter beyond here
DIVERGED = 0.0  # worth no more than the trivial predictor


class Scale:
    """Converts a task's validation metric to the common scale and back.

    Args:
        info: names the metric, whose perfect value is known, and the trivial predictor's.
    """

    def __init__(self, info: TaskInfo) -> None:
        self.floor, self.ceiling = info.floor_val, get_metric(info.metric).ceiling
        if self.floor == self.ceiling or not np.isfinite(self.floor):
            raise ProbecastError(
                f"{info.task}: floor_val {self.floor:g} leaves no room below the perfect "
                f"{info.metric} of {self.ceiling:g}; check the dataset's floor"
            )

    def to_unit(self, values: ArrayLike) -> np.ndarray:
        """Return natural values on the common scale, at least ``WORST``; NaN stays NaN."""
        unit = (np.asarray(values, dtype=float) - self.floor) / (self.ceiling - self.floor)
        return np.maximum(unit, WORST)

    def to_natural(self, unit: ArrayLike) -> np.ndarray:
        """Return values of the common scale in natural units, within what the metric can be."""
        unit = np.clip(np.asarray(unit, dtype=float), WORST, 1.0)
        # No metric of ours can be negative, though far below a floor the scale goes there.
        return np.maximum(self.floor + unit * (self.ceiling - self.floor), 0.0)


def unit_curves(table: TrialTable) -> np.ndarray:
    """Return the table's learning curves on the common scale.

    Returns:
        (trials, epochs), one row per (config_id, seed) in sorted order; ``DIVERGED`` from
        divergence on, NaN where the table holds nothing.
    """
    curves = table.curves("val_metric")
    unit = Scale(table.info).to_unit(curves)
    status = table.frame.groupby(["config_id", "seed"])["status"].last()
    ended = status.loc[curves.index].eq("diverged").to_numpy()
    return np.where(np.isnan(unit) & ended[:, None], DIVERGED, unit)
