"""The steps of a series: which row is one step after another, by the clock or the calendar."""

from dataclasses import dataclass

import numpy as np

DAY, WEEK = np.timedelta64(24, "h"), np.timedelta64(7 * 24, "h")
MONTHS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EVIDENCE = 10  # rows at one step that are no accident


@dataclass(frozen=True)
class Steps:
    """The steps of a series of N rows.

    Attributes:
        name: one step, as messages and logs call it.
        follows: (N - 1,) bool, whether a row is one step after the row before it.
        seasons: steps in a week, a day or a year, whichever the series can have; longest first.
        of_the_year: whether steps are parts of a year, so that the hour and the weekday of a row
            say nothing.
    """

    name: str
    follows: np.ndarray
    seasons: tuple[int, ...] = ()
    of_the_year: bool = False

    @property
    def gaps(self) -> np.ndarray:
        """The rows that do not follow the row before them."""
        return np.flatnonzero(~self.follows) + 1


def find_steps(times: np.ndarray) -> Steps:
    """Return the steps that most rows of increasing ``times`` (N,) are at.

    An even step of time comes first; then days of the week such as business days; then months,
    quarters, half-years and years with one row each, on whatever day of them.
    """
    found = [_even(times), _weekdays(times), *(_parts_of_years(times, n) for n in MONTHS)]
    return max((steps for steps in found if steps), key=lambda steps: steps.follows.sum())


def row_by_row(count: int) -> Steps:
    """Return the steps of ``count`` rows of which each follows the one before, whenever it is."""
    return Steps("row", np.ones(max(count - 1, 0), dtype=bool))


def is_even(times: np.ndarray) -> bool:
    """Whether times go forward, or backward, at one step without a gap, in enough rows."""
    if len(times) < EVIDENCE:
        return False
    differences = np.diff(times)
    if (differences < np.timedelta64(0)).all():
        times, differences = times[::-1], -differences
    return bool((differences > np.timedelta64(0)).all() and find_steps(times).follows.all())


def _even(times: np.ndarray) -> Steps:
    if len(times) < 2:
        return row_by_row(len(times))
    differences = np.diff(times)
    steps, counts = np.unique(differences, return_counts=True)
    step = steps[counts.argmax()]
    seasons = tuple(int(season // step) for season in (WEEK, DAY) if season % step == 0 * step)
    name = str(step.astype(object)).removesuffix(", 0:00:00")  # of whole days
    return Steps(name, differences == step, seasons)


def _weekdays(times: np.ndarray) -> Steps | None:
    """Return the steps from one of the days of the week that occur to the next."""
    days = times.astype("datetime64[D]")
    if len(np.unique(times - days)) > 1:
        return None
    occurring = np.unique((days.astype(np.int64) + 3) % 7)  # 1970 began on a Thursday
    if len(occurring) in (1, 7):
        return None
    mask = np.isin(np.arange(7), occurring)
    counted = np.busday_count(days[0], days, weekmask=mask)
    business = len(occurring) == 5 and occurring[-1] == 4
    name = f"day of {', '.join(WEEKDAYS[day] for day in occurring)}"
    return Steps(
        "business day" if business else name, np.diff(counted) == 1, seasons=(len(occurring),)
    )


def _parts_of_years(times: np.ndarray, months: int) -> Steps | None:
    """Return the steps of so many months, if none holds two rows."""
    counted = np.diff(times.astype("datetime64[M]").astype(np.int64) // months)
    if (counted <= 0).any():
        return None
    seasons = (12 // months,) if months < 12 else ()
    return Steps(MONTHS[months], counted == 1, seasons, of_the_year=True)
