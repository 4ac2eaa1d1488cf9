"""When a timer is due: NCRONTAB expressions, and intervals.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions, and TimerSchedule.cs.
Times are UTC's, as on Flex Consumption, which has no setting for another zone; `func` takes the machine's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cronsim import CronSim, CronSimError

from local.host.hostjson import time_span

_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class Schedule(Protocol):
    """Has a next time."""

    def after(self, instant: datetime) -> datetime:
        """The first time later than `instant`, which is UTC's."""


@dataclass(frozen=True, slots=True)
class Every:
    """An interval: ConstantSchedule.cs."""

    interval: timedelta

    def after(self, instant: datetime) -> datetime:
        """One interval later."""
        return instant + self.interval


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression, in cronsim's words."""

    expression: str

    def after(self, instant: datetime) -> datetime:
        """The next occurrence."""
        occurrences = CronSim(self.expression, instant)
        occurrences.day_and = True  # NCrontab's days match both day fields, where cron's may match one of them
        return next(occurrences)


def read(written: str) -> Schedule:
    """An expression of six fields, or five without seconds, or a time as in host.json; raises ValueError.

    >>> read("0 30 9 * Jan Mon-Fri").after(datetime(2026, 1, 2, 12, tzinfo=UTC)).isoformat()
    '2026-01-05T09:30:00+00:00'
    """
    try:
        schedule = _cron(written) if " " in written.strip() else _every(written)
        schedule.after(_ANY_TIME)
    except (CronSimError, OverflowError, StopIteration, ValueError) as error:
        why = str(error) or "there is no such day"
        raise ValueError(f"the schedule {written!r} is neither an NCRONTAB expression nor a time: {why}") from None
    return schedule


def _every(written: str) -> Schedule:
    if not (interval := time_span(written.strip())):
        raise ValueError("it must not be zero")
    return Every(interval)


def _list_of(number: str) -> re.Pattern[str]:
    item = rf"(\*|{number}(-{number})?)(/[0-9]+)?"
    return re.compile(rf"{item}(,{item})*")


#: What NCrontab knows, and no more: cronsim would take "L", "#", and 7 for Sunday, which Azure refuses.
_FIELD, _WEEKDAYS = _list_of("[0-9]+"), _list_of("[0-6]")


def _cron(written: str) -> Schedule:
    *others, month, weekday = written.split()
    month, weekday = _without_names(month, _MONTHS, first=1), _without_names(weekday, _DAYS, first=0)
    for field, pattern in [*((other, _FIELD) for other in (*others, month)), (weekday, _WEEKDAYS)]:
        if not pattern.fullmatch(field):
            raise ValueError(f"{field} is not a field")
    # Where cronsim means something else: "1/2" is from 1 to the last day, not to 7; "6-6/2" is 6 alone.
    weekday = re.sub(r"(?<!-)\b([0-6])/", r"\1-6/", weekday)
    return Cron(re.sub(r"\b([0-9]+)-\1/[0-9]+", r"\1", " ".join([*others, month, weekday])))


def _without_names(field: str, names: Sequence[str], *, first: int) -> str:
    """Numbers in place of names; as many letters of a name will do as one likes, in any case."""

    def number(match: re.Match[str]) -> str:
        word = match[0].capitalize()
        return next((str(number) for number, name in enumerate(names, first) if name.startswith(word)), match[0])

    return re.sub(r"[A-Za-z]+", number, field)
