"""Learning curves of different tasks, lengths and metrics on one footing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from probecast.metrics import METRICS
from probecast.trials import TaskInfo, TrialTable

WORST = -0.2  # how much worse than the floor a value is does not matter beyond here
LOWEST = 0.02  # without a floor: this quantile of the last values stands in for it
GOOD = 0.75  # trials from this quantile on are good
STEP, LAST_STEP = 1.6, 1.25
NEGLIGIBLE = 1e-6  # a range below this is none
GOES_ON = 1 / 3  # beyond what was seen, times the slope in ln(1 + epoch) at the end
DELAY = 1 / 3  # of the horizon, before a late task begins to learn
LEARNT = 0.05  # who came less of the way from the beginning to perfect has learnt nothing


def curve_levels(horizon: int) -> np.ndarray:
    """Return the epochs of a trial that are looked at: early ones say more than late ones.

    >>> curve_levels(1).tolist(), curve_levels(8).tolist(), curve_levels(50).tolist()
    ([1], [1, 2, 3, 5, 8], [1, 2, 3, 5, 8, 13, 21, 34, 50])
    """
    levels = [1]
    while levels[-1] < horizon:
        levels.append(max(levels[-1] + 1, round(levels[-1] * STEP)))
    levels = [level for level in levels if level < horizon]
    if len(levels) > 1 and horizon / levels[-1] < LAST_STEP:
        levels.pop()
    return np.array([*levels, horizon])


class Scale:
    """A metric turned so that larger is better, in a unit that is comparable between tasks.

    Where the metric's perfect value and the task's floor are known, 0 is the floor and 1 is
    perfect. Else values keep their unit, and tasks with other metrics cannot be compared; so it
    is where the floor lies beyond perfect, as in accuracies in per cent, which are another
    metric than ours of that name. Nothing here comes from trials of the task.

    Args:
        info: names the metric and the floor on the validation split.

    Attributes:
        kind: tasks of the same kind can be compared.
        floor: the floor in this unit; None if it is not known.
        ceiling: the perfect value in this unit; None if it is not known.
    """

    def __init__(self, info: TaskInfo) -> None:
        sign = 1.0 if info.higher_is_better else -1.0
        known = np.isfinite(info.floor_val)
        ceiling = METRICS[info.metric].ceiling if info.metric in METRICS else None
        if known and ceiling is not None and sign * (ceiling - info.floor_val) > 0:
            self.kind, self.floor, self.ceiling = "share", 0.0, 1.0
            self._zero, self._unit = info.floor_val, ceiling - info.floor_val
        else:
            # A curve counts from its floor if there is one: with and without are not mixed.
            self.kind = f"{info.metric} above its floor" if known else info.metric
            self.ceiling = None
            self.floor = sign * info.floor_val if known else None
            self._zero, self._unit = 0.0, sign
        self._perfect = None if ceiling is None or self.ceiling is not None else sign * ceiling

    def to_unit(self, values: ArrayLike) -> np.ndarray:
        """Return natural values in this unit; NaN stays NaN."""
        return (np.asarray(values, dtype=float) - self._zero) / self._unit

    def to_natural(self, unit: ArrayLike) -> np.ndarray:
        """Return values of this unit in natural ones, within what the metric can be."""
        unit = np.asarray(unit, dtype=float)
        if self.ceiling is not None:
            # No metric of ours is negative, though far below a floor the unit goes there.
            return np.maximum(self._zero + np.minimum(unit, self.ceiling) * self._unit, 0.0)
        if self._perfect is not None and not (self.floor or 0.0) > self._perfect:
            unit = np.minimum(unit, self._perfect)
        return self._zero + unit * self._unit


@dataclass(frozen=True)
class Normalised:
    """The learning curves of a source task: 0 is its floor, 1 its best last value.

    Attributes:
        curves: (trials, epochs) one row per configuration in the table's order, seeds
            averaged; at least ``WORST``, which is also what a diverged trial is worth.
        kind: see ``Scale``.
        beginning: where 0 lies, in the unit of ``Scale``: from the floor down, see ``_offset``,
            or where it is without a floor.
        reach: from the floor to the best, or from the beginning without a floor or if the best
            is no better.
    """

    curves: np.ndarray
    kind: str
    beginning: float
    reach: float


def normalise(table: TrialTable) -> Normalised | None:
    """Return a source's curves on the common footing; None if its trials tell nothing.

    They do not where all end alike, or where even the best has learnt next to nothing: then
    which is best is luck.

    Trials that neither ended nor diverged are NaN from where they stop.
    """
    import pandas as pd  # slow to load, and a target has no table

    scale, curves = Scale(table.info), table.curves("val_metric")
    values = scale.to_unit(curves.to_numpy())
    status = table.frame.groupby(["config_id", "seed"], observed=True)["status"].last()
    ended = status.loc[curves.index].eq("diverged").to_numpy()
    last = values[:, -1][np.isfinite(values[:, -1])]
    if not len(last):
        return None
    offset = _offset(values, scale.floor)
    span = float(last.max()) - offset
    if span <= (LEARNT if scale.kind == "share" else NEGLIGIBLE * max(1.0, abs(offset))):
        return None
    unit = np.maximum((values - offset) / span, WORST)
    unit = np.where(np.isnan(unit) & ended[:, None], WORST, unit)
    trials = curves.index.get_level_values("config_id")
    means = pd.DataFrame(unit).groupby(np.asarray(trials, dtype=str)).mean()
    means = means.loc[list(table.configurations())].to_numpy()
    if scale.floor is None:
        return Normalised(means, scale.kind, offset, span)
    reach = span + offset - scale.floor
    beginning = offset - scale.floor
    return Normalised(means, scale.kind, beginning, reach if reach > 0 else span)


def _offset(values: np.ndarray, floor: float | None) -> float:
    """Where a task's learning begins: its floor, where that is known and is a beginning.

    A strong trivial predictor, such as the seasonal naive forecast, is worse than the best
    trials at their end only, or than none. Then good trials begin lower.

    Args:
        values: (trials, epochs) in the unit of ``Scale``.
        floor: in the same unit.
    """
    values = values[np.isfinite(values[:, -1])]
    lowest = float(np.quantile(values[:, -1], LOWEST))
    if floor is None:
        return lowest
    good = values[:, -1] >= np.quantile(values[:, -1], GOOD)
    begin = float(np.nanmedian(values[good, 0]))
    return min(floor, begin) if values[:, -1].max() > floor else min(begin, lowest)


def at_levels(curves: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return (trials, levels) of a source's curves at the same shares of its horizon.

    The epoch at the same share, or the next one, of ``levels`` whose last is the target's
    horizon. Where only ends are known, they are thought to have been approached like
    ln(1 + epoch): over the shipped tables that is off by 0.08, and a flat curve by 0.10.
    """
    if curves.shape[1] == 1:
        return curves * np.log1p(levels) / np.log1p(levels[-1])
    epochs = -(-levels * curves.shape[1] // levels[-1])
    return curves[:, epochs - 1]


def after_steps(curves: np.ndarray, levels: np.ndarray, larger: float) -> np.ndarray:
    """Return (trials, levels) of a source's curves after as many steps as the target has taken.

    Beyond what was seen a curve goes on a third as fast as it went last, up to the best that was
    seen. Over the shipped tables, seen for 4 of 8 epochs, the end is off by .086 at a quarter of
    the slope, .089 at half of it, .097 and .121 at none and all of it. After fewer steps, too, the
    best is 1.

    Args:
        curves: (trials, epochs) normalised, complete.
        levels: epochs of the target.
        larger: steps of one epoch of the target, in those of one of the source.
    """
    count, horizon = curves.shape
    seen, wanted = np.log1p(np.arange(horizon + 1)), np.log1p(levels * larger)
    known = np.concatenate([np.zeros((count, 1)), curves], axis=1)
    slope = np.polyfit(seen[-4:], known[:, -4:].T, 1)[0]
    found = np.stack([np.interp(wanted, seen, curve) for curve in known])
    found += GOES_ON * slope[:, None] * np.maximum(wanted - seen[-1], 0.0)
    best = np.minimum(found[:, -1], 1.0).max()
    return np.clip(found / max(best, LEARNT), WORST, 1.0)


def delay(levels: np.ndarray) -> np.ndarray:
    """Return the (L, L) weights that turn a curve at levels into that of one who learns later.

    For a third of the horizon nothing is learnt; then the whole curve follows, faster. So the best
    trials of some of the shipped tables look, such as those of opinions with a noisy label.
    """
    known = np.concatenate([[0], levels])
    before = levels[-1] * DELAY
    then = np.maximum(levels - before, 0.0) * levels[-1] / (levels[-1] - before)
    unit = np.eye(len(known))[:, 1:]  # at no epoch, 0
    return np.stack([np.interp(then, known, column) for column in unit.T], axis=1)


def roughness(curves: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return (trials, levels) variance of a measured value, from how rough each curve is there.

    Second differences of values that are independent have six times their variance; what curves
    have in common is no noise. 0 where curves are too short to tell.

    Args:
        curves: (trials, epochs) normalised, complete.
        levels: as of ``at_levels``.
    """
    if curves.shape[1] < 3:
        return np.zeros((len(curves), len(levels)))
    bends = np.diff(curves, n=2, axis=1)
    squares = (bends - np.median(bends, axis=0)) ** 2 / 6
    # The first and last epochs bend as their neighbours do.
    squares = np.concatenate([squares[:, :1], squares, squares[:, -1:]], axis=1)
    return squares[:, -(-levels * curves.shape[1] // levels[-1]) - 1]
