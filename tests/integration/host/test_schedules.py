"""When a timer is due."""

import re
from datetime import UTC, datetime

import pytest

from local.host import schedules

#: A Wednesday.
NOW = datetime(2024, 2, 28, 12, 34, 56, 700_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "times"),
    [
        ("* * * * * *", ["2024-02-28 12:34:57", "2024-02-28 12:34:58"]),
        (" 0  */5 * * * * ", ["2024-02-28 12:35:00", "2024-02-28 12:40:00"]),
        ("5,8-9 * * * * *", ["2024-02-28 12:35:05", "2024-02-28 12:35:08", "2024-02-28 12:35:09"]),
        ("0 0 0 29 2 *", ["2024-02-29 00:00:00", "2028-02-29 00:00:00"]),
        ("0 0 0 * * 0", ["2024-03-03 00:00:00", "2024-03-10 00:00:00"]),
        ("0 0 0 13 * 5", ["2024-09-13 00:00:00", "2024-12-13 00:00:00"]),  # both, and not either as in other crons
    ],
)
def test_an_expression_has_these_times(written, times):
    schedule, found = schedules.read(written), [NOW]
    for _ in times:
        found.append(schedule.after(found[-1]))
    assert [f"{time:%Y-%m-%d %H:%M:%S}" for time in found[1:]] == times
    assert all(time.tzinfo is UTC and not time.microsecond for time in found[1:])


@pytest.mark.parametrize(
    ("written", "why"),
    [
        *((form, "write six fields of numbers") for form in ("", "now", "@hourly", "* * * * *", "* * * * * * *", "5")),
        *((form, "write six fields of numbers") for form in ("* * * * Jan *", "* * * * * Mon", "00:05:00")),
        *((form, "write six fields of numbers") for form in ("1,,2 * * * * *", "1- * * * * *", "1/2 * * * * *")),
        *((form, "write six fields of numbers") for form in ("0 0 0 L * *", "0 0 0 * * 1#2", "0 0 0 * * 7")),
        *(("60 * * * * *", "Bad second"), ("* * * 0 * *", "Bad day-of-month"), ("*/0 * * * * *", "Bad second")),
        *(("0 0 0 31 2 *", "Bad day-of-month"), ("0 0 0 30 2 1", "there is no such day")),
    ],
)
def test_what_azure_refuses_or_cronsim_reads_otherwise_is_refused(written, why):
    with pytest.raises(ValueError, match=f"^{re.escape(f'the schedule {written!r} cannot be read: {why}')}"):
        schedules.read(written)
