"""When a timer is due."""

from datetime import UTC, datetime, timedelta

import pytest

from local.host import schedules

#: A Wednesday.
NOW = datetime(2024, 2, 28, 12, 34, 56, 700_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "times"),
    [
        ("* * * * * *", ["2024-02-28 12:34:57", "2024-02-28 12:34:58"]),
        ("* * * * *", ["2024-02-28 12:35:00", "2024-02-28 12:36:00"]),
        (" 0  */5 * * * * ", ["2024-02-28 12:35:00", "2024-02-28 12:40:00"]),
        ("5,8,10 * * * * *", ["2024-02-28 12:35:05", "2024-02-28 12:35:08", "2024-02-28 12:35:10"]),
        ("0 58/1 * * * *", ["2024-02-28 12:58:00", "2024-02-28 12:59:00", "2024-02-28 13:58:00"]),
        ("0 10-30/20 * * * *", ["2024-02-28 13:10:00", "2024-02-28 13:30:00", "2024-02-28 14:10:00"]),
        ("0 7-7/20 * * * *", ["2024-02-28 13:07:00", "2024-02-28 14:07:00"]),
        ("0 0 9-17 * * *", ["2024-02-28 13:00:00"]),
        ("0 30 9 * * *", ["2024-02-29 09:30:00", "2024-03-01 09:30:00"]),
        ("0 0 0 29 2 *", ["2024-02-29 00:00:00", "2028-02-29 00:00:00"]),
        ("0 0 0 31 * *", ["2024-03-31 00:00:00", "2024-05-31 00:00:00"]),
        ("0 0 0 * * 0", ["2024-03-03 00:00:00", "2024-03-10 00:00:00"]),
        ("0 0 0 * * 5/1", ["2024-03-01 00:00:00", "2024-03-02 00:00:00", "2024-03-08 00:00:00"]),
        ("0 0 0 * * 1,6/2", ["2024-03-02 00:00:00", "2024-03-04 00:00:00", "2024-03-09 00:00:00"]),
        ("0 0 0 13 * 5", ["2024-09-13 00:00:00", "2024-12-13 00:00:00"]),  # both, and not either as in other crons
        ("0 30 9 * Jan Mon", ["2025-01-06 09:30:00"]),
        ("0 0 0 1 april-JUNE *", ["2024-04-01 00:00:00", "2024-05-01 00:00:00", "2024-06-01 00:00:00"]),
        ("0 0 0 1 ja,d *", ["2024-12-01 00:00:00", "2025-01-01 00:00:00"]),
        ("0 0 0 * * Thursday,sat", ["2024-02-29 00:00:00", "2024-03-02 00:00:00"]),
    ],
)
def test_an_expression_has_these_times(written, times):
    schedule, found = schedules.read(written), [NOW]
    for _ in times:
        found.append(schedule.after(found[-1]))
    assert [f"{time:%Y-%m-%d %H:%M:%S}" for time in found[1:]] == times
    assert all(time.tzinfo is UTC and not time.microsecond for time in found[1:])


@pytest.mark.parametrize(
    ("written", "interval"),
    [
        ("00:05:00", timedelta(minutes=5)),
        (" 00:00:00.25 ", timedelta(seconds=0.25)),
        ("1.00:00:00", timedelta(days=1)),
    ],
)
def test_an_interval_is_added(written, interval):
    assert schedules.read(written).after(NOW) == NOW + interval


@pytest.mark.parametrize(
    "written",
    [
        *("", "now", "@hourly", "* * * *", "* * * * * * *", "60 * * * * *", "* * * 0 * *", "* * * * 13 *"),
        *("1,,2 * * * * *", "1- * * * * *", "*-5 * * * * *", "*/0 * * * * *", "1/2/3 * * * * *", "-1 * * * * *"),
        *("* * * * Smarch *", "* * * * * Someday", "* * * Jan * *", "0 0 0 31 2 *", "0 0 0 30 2 1"),
        *("0 0 0 L * *", "0 0 0 * * 5L", "0 0 0 * * 1#2", "0 0 0 * * 7", "0 0 0 ? * *"),
        *("00:00:00", "5", "24:00:00", "-00:00:01", "00:05", "9999999999.00:00:00", "9999999.00:00:00"),
    ],
)
def test_what_azure_refuses_or_nobody_means_is_refused(written):
    with pytest.raises(ValueError, match="is neither an NCRONTAB expression nor a time: ") as refused:
        schedules.read(written)
    assert str(refused.value).startswith(f"the schedule {written!r} ")
    assert not str(refused.value).endswith(": ")
