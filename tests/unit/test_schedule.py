"""Schedules and the Retry-After header."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.schedule import ABSURD, Schedule, parse_retry_after

NOON = datetime(1994, 11, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("007", 7),
        # the three forms of an HTTP-date (RFC 9110, section 5.6.7)
        ("Sun, 06 Nov 1994 12:00:37 GMT", 37),
        ("Sunday, 06-Nov-94 12:00:37 GMT", 37),
        ("Sun Nov  6 12:00:37 1994", 37),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),  # in the past: now
        # read generously, and never too early
        ("1.5", 2),
        ("299.997", 300),
        ("120.0", 120),
        ("120.", 120),
        ("120s", 120),
        ("120 s", 120),
        ("120, 120", 120),
        ("5,10", 10),
        ("10, soon", 10),
        ("Sun, 06 Nov 1994 12:00:37 GMT, 5", 37),
        ("50, Sunday, 06-Nov-94 12:00:37 GMT", 50),
        # what is no delay counts as absent
        ("-5", None),
        ("+5", None),
        ("1e3", None),
        ("Infinity", None),
        ("NaN", None),
        ("5 seconds", None),
        ("soon", None),
        ("²", None),
        ("٣", None),
        ("9" * 30, None),
        ("9" * 5000, None),
        (str(int(ABSURD.total_seconds())), ABSURD.total_seconds()),
        (str(int(ABSURD.total_seconds()) + 1), None),
        ("Sun, 06 Nov 2094 12:00:37 GMT", None),
        ("Sun, 99 Nov 1994 12:00:37 GMT", None),
    ],
)
def test_retry_after(value, wait):
    assert parse_retry_after(value, NOON) == (None if wait is None else timedelta(seconds=wait))


@given(st.text())
def test_no_retry_after_is_negative_absurd_or_an_error(value):
    wait = parse_retry_after(value, NOON)

    assert wait is None or timedelta(0) <= wait <= ABSURD


@pytest.mark.parametrize("delays", [(), (5, -1)])
def test_a_schedule_has_delays_and_none_is_negative(delays):
    with pytest.raises(ValueError, match="delay"):
        Schedule.seconds(*delays)


@given(st.integers(0, 10**12), st.floats(0, 1, exclude_max=True), st.floats(0, 100))
def test_a_delay_is_one_of_the_list_lengthened_by_no_more_than_its_jitter(turn, draw, scale):
    schedule = Schedule.seconds(10, 20, jitter=0.5).scaled(scale)
    base = schedule.delays[min(turn, 1)]

    assert base <= schedule.delay(turn, draw) <= base * 1.5
