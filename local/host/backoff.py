"""How long an idle queue is left alone: RandomizedExponentialBackoffStrategy.cs and QueuePollingIntervals.cs."""

from __future__ import annotations

import random
from datetime import timedelta

_SHORTEST = timedelta(milliseconds=100)


class Backoff:
    """Delays from 100 ms, the growing part doubling each time, up to a longest; any message starts it over."""

    def __init__(self, longest: timedelta) -> None:
        self._longest = longest
        self._empty_polls = 0

    def reset(self) -> None:
        """A message was found."""
        self._empty_polls = 0

    def next_delay(self) -> timedelta:
        """The wait after one more poll that found nothing.

        >>> backoff = Backoff(timedelta(seconds=1))
        >>> [round(backoff.next_delay().total_seconds(), 1) for _ in range(6)][::5]
        [0.1, 1.0]
        """
        growth = timedelta(0)
        if self._empty_polls:
            # Beyond 2**20 the longest is long reached, and a float would overflow one day.
            growth = _SHORTEST * 2 ** min(self._empty_polls - 1, 20) * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter
        self._empty_polls += 1
        return min(_SHORTEST + growth, self._longest)
