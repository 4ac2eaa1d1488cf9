"""When a timer is due: an NCRONTAB expression of six fields, in UTC.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions

cronsim reads it.  The host takes more: five fields, names of months and days, steps other than `*/5`.  Here they are
refused, and so is all that only cronsim knows.  Intervals are for App Service plans alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError


def _field(number: str) -> str:
    item = rf"(\*(/[0-9]{{1,2}})?|{number}(-{number})?)"
    return rf"{item}(,{item})*"


#: NCRONTAB has no 7 for Sunday.
_SIX_FIELDS = re.compile(rf"({_field('[0-9]{1,2}')} ){{5}}{_field('[0-6]')}")

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """An expression, as cronsim takes it."""

    expression: str

    def after(self, instant: datetime) -> datetime:
        """The first time later than `instant`, which is UTC's."""
        times = CronSim(self.expression, instant)
        times.day_and = True  # NCRONTAB's days match both day fields, where cron's may match one of them
        return next(times)


def read(written: str) -> Schedule:
    """Read an expression; raises ValueError.

    >>> read("0 30 9 * * 1-5").after(datetime(2026, 1, 2, 12, tzinfo=UTC)).isoformat()
    '2026-01-05T09:30:00+00:00'
    """
    schedule = Schedule(" ".join(written.split()))
    if why := _why_not(schedule):
        raise ValueError(f"the schedule {written!r} cannot be read: {why}")
    return schedule


def _why_not(schedule: Schedule) -> str:
    if not _SIX_FIELDS.fullmatch(schedule.expression):
        return "write six fields of numbers, such as 0 */5 * * * *"
    try:
        schedule.after(_ANY_TIME)
    except (CronSimError, StopIteration) as error:
        return str(error) or "there is no such day"
    return ""
