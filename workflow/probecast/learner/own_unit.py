"""The unit of a metric that no source has: the probes alone have to tell it.

Which configuration is thought best, and what is probed first, does not depend on the unit. From
the first probe on, its values say about how far they reach, and every later one says so again.
"""

from collections.abc import Sequence

import numpy as np

BEYOND = (1.0, 1.3, 2.0, 4.0)  # the task's best may be so many times as far as what was seen
BELOW = (0.0, 0.3, 1.0)  # and begin so far below it
ALONE = (0.3, 1.0, 3.0)  # likewise, of a single value, times a share of it
SHARE = 0.3


def reaches(told: Sequence[float], floor: float | None) -> tuple[list[float], list[float]]:
    """Return where a task may begin and how far it may reach, as sources would say.

    Args:
        told: what the probes have come to, larger is better; in any unit.
        floor: the task's, in that unit, if it is known.

    Returns:
        Beginnings and reaches, see ``Normalised``, for ``Scales.of``.
    """
    values = np.asarray(told, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return [0.0], [1.0]
    low, high = float(values.min()), float(values.max())
    seen = high - low if floor is None else high - floor
    tiny = 1e-6 * max(abs(low), abs(high), abs(floor or 0.0)) or 1e-12
    times = BEYOND
    if seen <= tiny:  # one value, or none above the floor
        far = abs(high if floor is None else floor - low)
        seen, times = max(SHARE * far, tiny), ALONE
    beginnings = [0.0] if floor is not None else [low - share * seen for share in BELOW]
    return beginnings, [seen * share for share in times]
