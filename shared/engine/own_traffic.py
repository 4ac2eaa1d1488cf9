"""What this process asked in the last minute, and what it usually asks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.core.rate_limit import MINUTE

#: Minutes whose counts are kept.
KEPT_MINUTES = 60

#: Over how many requests the mean of the scheduled waits is taken.
MEAN_OVER = 100


@dataclass(slots=True)
class OwnTraffic:
    """Counts the requests of one process.  Nothing is awaited here, so that the counts are exact."""

    _asked: deque[datetime] = field(default_factory=deque)  #: within the last minute
    _minute: int = 0  #: since 1970
    _in_minute: int = 0
    _is_whole: bool = False  #: whether that minute was seen from its beginning, and nothing in it was refused
    _whole: deque[int] = field(default_factory=lambda: deque(maxlen=KEPT_MINUTES))
    _mean_wait: timedelta | None = None

    def add(self, now: datetime, scheduled: timedelta | None = None) -> None:
        """Count a request; `scheduled` is how long its watch waits after it by the schedule of its API."""
        self._turn_to(now)
        self.asked(now)  # forgets what is older, so that no more than a minute is kept
        self._asked.append(now)
        self._in_minute += 1
        if scheduled is not None:
            mean = scheduled if self._mean_wait is None else self._mean_wait
            self._mean_wait = mean + (scheduled - mean) / MEAN_OVER

    def refused(self, now: datetime) -> None:
        """Note that a request was refused: what this minute counts proves nothing."""
        self._turn_to(now)
        self._is_whole = False

    def asked(self, now: datetime) -> int:
        """Count the requests of the last minute."""
        while self._asked and now - self._asked[0] >= MINUTE:
            self._asked.popleft()
        return len(self._asked)

    def between(self, start: datetime, end: datetime) -> int:
        """Count the requests of the last minute that were made from `start` on and before `end`."""
        return sum(start <= asked < end for asked in self._asked)

    @property
    def oldest(self) -> datetime:
        """The first request of the last minute; raises IndexError when there is none."""
        return self._asked[0]

    def usual(self, now: datetime) -> int:
        """Return the most of a whole minute of the last hour in which nothing was refused; 0 when there was none."""
        self._turn_to(now)
        return max(self._whole, default=0)

    def demand(self, watches: int) -> float:
        """Requests a minute that so many watches make by their schedules (Little's law)."""
        return watches * MINUTE / self._mean_wait if self._mean_wait else 0.0

    def _turn_to(self, now: datetime) -> None:
        minute = int(now.timestamp() // 60)
        if minute == self._minute:
            return
        if self._is_whole:
            self._whole.append(self._in_minute)
        self._whole.extend([0] * min(minute - self._minute - 1, KEPT_MINUTES))
        self._minute, self._in_minute, self._is_whole = minute, 0, True
