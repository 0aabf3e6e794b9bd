import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecast.data.steps import find_steps, is_even, row_by_row

CALENDARS = {
    "h": ("1:00:00", (168, 24)),
    "15min": ("0:15:00", (672, 96)),
    "D": ("1 day", (7, 1)),
    "W-SUN": ("7 days", (1,)),
    "B": ("business day", (5,)),
    "C": ("day of Mon, Tue, Wed, Thu, Sun", (5,)),
    "MS": ("month", (12,)),
    "ME": ("month", (12,)),
    "BME": ("month", (12,)),
    "QS": ("quarter", (4,)),
    "QE-NOV": ("quarter", (4,)),
    "2QS": ("half-year", (2,)),
    "YE": ("year", ()),
}


def times_of(frequency, count, start="2021-01-05"):
    offset = pd.offsets.CDay(weekmask="Sun Mon Tue Wed Thu") if frequency == "C" else frequency
    return pd.date_range(start, periods=count, freq=offset).to_numpy().astype("datetime64[us]")


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(CALENDARS)), st.integers(40, 90), st.data())
def test_gaps_are_found_along_the_calendar(frequency, count, data):
    times = times_of(frequency, count)
    steps = find_steps(times)
    name, seasons = CALENDARS[frequency]
    assert (steps.name, steps.seasons) == (name, seasons)
    assert steps.follows.all() and is_even(times) and is_even(times[::-1])
    missing = data.draw(st.integers(1, count - 2))
    gappy = find_steps(np.delete(times, missing))
    assert gappy.name == name
    assert gappy.gaps.tolist() == [missing]


def test_times_at_no_step_are_not_even():
    times = times_of("h", 50)
    assert not is_even(np.delete(times, 7))
    assert not is_even(times[:5])  # too few to tell
    assert not is_even(np.random.default_rng(0).permutation(times))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_row_by_row_there_are_no_gaps(count):
    steps = row_by_row(count)
    assert len(steps.follows) == max(count - 1, 0)
    assert not len(steps.gaps)
