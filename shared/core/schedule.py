"""How long to wait: schedules, and the Retry-After header."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: A Retry-After beyond this is taken for a mistake: no watch lives longer by default.
ABSURD = timedelta(days=30)

#: The least wait that a `Retry-After: 0` can ask for.  Without it a server that always says 0 is asked without pause.
SOONEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Delays to take in turn; the last one repeats.

    A list rather than a formula: it is what API pages print, it can be read aloud, and it cannot overflow.

    >>> ladder = Schedule.seconds(15, 30, 60, 120)
    >>> [ladder.delay(turn).seconds for turn in range(6)]
    [15, 30, 60, 120, 120, 120]
    """

    delays: tuple[timedelta, ...]
    jitter: float = 0.0  #: each delay is lengthened by up to this fraction of itself, and never shortened

    def __post_init__(self) -> None:
        if not self.delays:
            raise ValueError("a schedule needs at least one delay")
        if any(delay < timedelta(0) for delay in self.delays):
            raise ValueError("a delay cannot be negative")

    @classmethod
    def seconds(cls, *delays: float, jitter: float = 0.0) -> Schedule:
        """Make a schedule from delays in seconds, as API pages state them."""
        return cls(tuple(timedelta(seconds=delay) for delay in delays), jitter)

    def delay(self, turn: int, draw: float = 0.0) -> timedelta:
        """The wait after `turn` earlier waits (0 for the first).  `draw` is the caller's random number in [0, 1)."""
        return self.delays[min(turn, len(self.delays) - 1)] * (1 + self.jitter * draw)

    def scaled(self, factor: float) -> Schedule:
        """Return the same schedule, slower or faster.

        >>> Schedule.seconds(15, 30).scaled(0.1) == Schedule.seconds(1.5, 3)
        True
        """
        return Schedule(tuple(delay * factor for delay in self.delays), self.jitter)


#: The values of one or several headers; the comma after a weekday separates nothing.
_VALUES = re.compile(r"[A-Za-z]+,[^,]*|[^,]+")

_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]*)?) ?s?")


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header (RFC 9110, section 10.2.3) generously: delay-seconds or an HTTP-date, never too early.

    Decimals are rounded up, and of several values the longest counts.  A date in the past means now, as does 0.  None
    when absent, unreadable, negative or absurdly far away.

    >>> noon = datetime(2025, 1, 1, 12, tzinfo=UTC)
    >>> parse_retry_after("119.97", noon), parse_retry_after("7, Wed, 01 Jan 2025 12:01:00 GMT", noon)
    (datetime.timedelta(seconds=120), datetime.timedelta(seconds=60))
    """
    waits = (_wait(text.strip(), now) for text in _VALUES.findall(value or ""))
    return max((wait for wait in waits if wait is not None and wait <= ABSURD), default=None)


def _wait(text: str, now: datetime) -> timedelta | None:
    try:
        if seconds := _SECONDS.fullmatch(text):
            return timedelta(seconds=math.ceil(float(seconds[1])))
        when = parsedate_to_datetime(text)
        if when.tzinfo is None:  # an asctime-date, and the "-0000" zone: both mean UTC
            when = when.replace(tzinfo=UTC)
        return max(timedelta(0), when - now)
    except (ValueError, OverflowError):
        return None
