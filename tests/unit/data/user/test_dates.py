"""Whatever is read of a column of times is what was meant, or it is refused."""

import re
from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from probecast.data.user.dates import Unread, check_form, read_times

DATES = ("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%Y-%m-%d", "%Y/%m/%d")
DATES += (
    "%d.%m.%Y",
    "%d-%m-%y",
    "%d %b %Y",
    "%B %d, %Y",
    "%d%b%Y",
    "%d-%b-%y",
    "%Y%m%d",
    "%d%m%Y",
)
CLOCKS = (" %H:%M", " %I:%M %p", " %H:%M:%S", "T%H:%M:%S.%f", " %H:%M:%SZ", ", %I:%M:%S%p", "")
STEPS = [timedelta(minutes=15), timedelta(hours=1), timedelta(hours=7), timedelta(days=1)]


def read(texts, asked=None):
    return read_times(pd.Series(texts, dtype=object), asked, [0, len(texts)])


def spelt(times, form, padded=True):
    texts = [time.strftime(form) for time in times]
    if padded:
        return texts
    return [re.sub(r"(^|/)0(?=\d/)", r"\1", text) for text in texts]


@st.composite
def columns(draw):
    """Times in order, most at an even step, in a form that says all of them."""
    date, clock = draw(st.sampled_from(DATES)), draw(st.sampled_from(CLOCKS))
    step = draw(st.sampled_from(STEPS if clock else STEPS[-1:]))
    first = draw(st.datetimes(datetime(1971, 1, 1), datetime(2060, 1, 1)))
    first = first.replace(hour=0, minute=0, second=0, microsecond=0)
    numbers = range(draw(st.integers(3, 80)))
    dropped = draw(st.sets(st.sampled_from(numbers[1:]), max_size=2))
    times = [first + step * n for n in numbers if n not in dropped]
    return times, spelt(
        times, date + clock, padded=date[:3] not in ("%d/", "%m/") or draw(st.booleans())
    )


TEN_DAYS = [datetime(2024, 2, 1) + timedelta(days=n) for n in range(10)]


@settings(max_examples=80, deadline=None)
@example((TEN_DAYS, spelt(TEN_DAYS, "%d/%m/%Y")))
@given(columns())
def test_times_are_read_as_they_were_meant_or_refused(column):
    times, texts = column
    try:
        reading = read(texts)
    except Unread as fault:
        assert "all rows fit both; write `dates: " in str(fault)
        for key in str(fault).split("`dates: ")[1:]:  # one of the remedies is the right one
            if read(texts, key.partition("`")[0].strip("'")).times.tolist() == times:
                return
        raise AssertionError(f"no remedy gives what was meant: {fault}") from None
    assert reading.times.tolist() == times


@settings(max_examples=25, deadline=None)
@given(columns(), st.integers(0, 10**6), st.sampled_from(["n/a", "32/13/2024", "noon", "25:61"]))
def test_a_row_that_is_no_time_is_named(column, place, nonsense):
    _, texts = column
    row = place % len(texts)
    with pytest.raises(Unread) as error:
        read([*texts[:row], nonsense, *texts[row:]])
    assert error.value.row in (row, 0, 1)  # where it stands first, the second is the odd one


@pytest.mark.parametrize(
    ("texts", "form", "last"),
    [
        (["2001Q1", "2001Q2", "2001Q3"], "year and quarter", "2001-07-01"),
        (["Q4 2001", "Q1 2002"], "quarter and year", "2002-01-01"),
        (["2020M09", "2020M10"], "year and month", "2020-10-01"),
        (["2024-W01", "2024-W05"], "year and week of ISO 8601", "2024-01-29"),
        (["1999", "2000"], "%Y", "2000-01-01"),
        (["2024-01", "2024-02"], "%Y-%m", "2024-02-01"),
        (["Jan-24", "Feb-24"], "%b-%y", "2024-02-01"),
        (["May 2024", "June 2024"], "%B %Y", "2024-06-01"),
        (["2024-001", "2024-032"], "%Y-%j", "2024-02-01"),
        (["2024-01-05 00:00:00.500000000"], "%Y-%m-%d %H:%M:%S.%f", "2024-01-05 00:00:00.5"),
        (["1704067200", "1704070800"], "seconds since 1970", "2024-01-01 01:00"),
        (["1704067200.5", "1704067201"], "seconds since 1970", "2024-01-01 00:00:01"),
        (["1704067200000", "1704067200250"], "milliseconds since 1970", "2024-01-01 00:00:00.25"),
        (["20240105T1300", "20240105T1400"], "%Y%m%dT%H:%M", "2024-01-05 14:00"),
        (["20240105130000", "20240105140000"], "%Y%m%d%H%M%S", "2024-01-05 14:00"),
        (["2024-01-05", "2024-01-05 12:00:00.5"], "%Y-%m-%d %H:%M:%S.%f", "2024-01-05 12:00:00.5"),
        (["2024-01-05 00:00+01:00", "2024-03-05 00:00+0200"], "%Y-%m-%d %H:%M%z", "2024-03-04 22"),
        (["Fri, 05 Jan 2024 13:00:00 GMT"], "%d %b %Y %H:%M:%S%z", "2024-01-05 13:00"),
        (["05/Jan/2024:13:00:00 -0530"], "%d/%b/%Y:%H:%M:%S%z", "2024-01-05 18:30"),
        (
            ["1/13/2024 12:05 a.m.", "1/13/2024 12:05 p.m."],
            "%m/%d/%Y %I:%M %p",
            "2024-01-13 12:05",
        ),
    ],
)
def test_forms_that_people_and_programs_write(texts, form, last):
    reading = read(texts)
    assert reading.form == form
    assert reading.times.iloc[-1] == pd.Timestamp(f"{last}:00" if last[-3:] == " 22" else last)


@pytest.mark.parametrize(
    ("texts", "row"),
    [
        (["2024-01-01 00:00Z", "2024-01-01 01:00"], 1),  # a zone in one row only
        (["1/2/2024 1:00 PM", "1/2/2024 13:00"], 1),
        (["31/12/2024", "12/31/2024"], 1),
        (["2024-01-01", "2024-02-30"], 1),
        (["Mon 1/8/2024", "Tue 1/9/2024", "Mon 1/10/2024"], 2),  # a Wednesday
        (["2024-01-01", None], 1),
        (["2024-01-01 23:00", "2024-01-01 24:00"], 1),
        (["2024-01-01 00:00 CET"], 0),
        (["24-Jan", "25-Jan"], 0),  # of which year?
        (["2024-01-01 00:00:00.0000001"], 0),  # finer than can be kept
        (["13:00", "14:00"], 0),
        (["45292.5", "45293.5"], 0),
        (["0", "1"], 0),
    ],
)
def test_what_is_in_no_one_form_is_refused(texts, row):
    with pytest.raises(Unread) as error:
        read(texts)
    assert error.value.row == row


def test_two_readings_are_shown_with_the_key_that_decides():
    texts = spelt([datetime(2024, 2, 1) + timedelta(days=n) for n in range(12)], "%d/%m/%Y")
    with pytest.raises(Unread) as error:
        read(texts)
    assert str(error.value) == (
        ", which is 1 February 2024 as %d/%m/%Y or 2 January 2024 as %m/%d/%Y, and all rows fit "
        "both; write `dates: day_first` or `dates: month_first`"
    )
    assert read(texts, "day_first").times.iloc[-1] == pd.Timestamp("2024-02-12")
    assert read(texts, "month_first").times.iloc[-1] == pd.Timestamp("2024-12-02")
    assert read(texts, "%m/%d/%Y").times.iloc[-1] == pd.Timestamp("2024-12-02")
    with pytest.raises(Unread, match="in the form %d/%m/%Y, not `dates: year_first`"):
        read(texts, "year_first")
    with pytest.raises(Unread, match=r"not in the form `dates: '%d\.%m\.%Y'`; correct it"):
        read(texts, "%d.%m.%Y")


def test_a_reading_is_chosen_only_where_every_split_is_in_order_by_it():
    train = spelt(
        [datetime(2024, 2, 1) + n * timedelta(hours=6) for n in range(40)], "%d/%m/%Y %H"
    )
    test = spelt([datetime(2024, 3, 1) + n * timedelta(hours=6) for n in range(40)], "%m/%d/%Y %H")
    column = pd.Series([f"{text}:00" for text in (*train, *test)])
    with pytest.raises(Unread, match="all rows fit both"):
        read_times(column, None, [0, 40, 80])
    assert "in order and at an even step" in read_times(column[:40], None, [0, 40]).chosen


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("dayfirst", "none of day_first, month_first"),
        ("%H:%M", "has no year"),
        ("%Q-%Y", "no form of a time"),
    ],
)
def test_forms_that_cannot_be_meant_are_refused(asked, fault):
    with pytest.raises(ValueError, match=fault):
        check_form(asked)
    check_form("%d.%m.%Y %H:%M")
    check_form("milliseconds")
