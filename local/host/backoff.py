"""The polling interval of an idle queue: RandomizedExponentialBackoffStrategy.cs and QueuePollingIntervals.cs."""

from __future__ import annotations

import random
from datetime import timedelta

_SHORTEST = timedelta(milliseconds=100)


class Backoff:
    """Delays from 100 ms, doubling up to a maximum; any message resets them."""

    def __init__(self, longest: timedelta) -> None:
        self._longest = longest
        self._empty_polls = 0

    def reset(self) -> None:
        """A message was found."""
        self._empty_polls = 0

    def next_delay(self) -> timedelta:
        """Return the delay after another empty poll.

        >>> backoff = Backoff(timedelta(seconds=1))
        >>> [round(backoff.next_delay().total_seconds(), 1) for _ in range(6)][::5]
        [0.1, 1.0]
        """
        growth = timedelta(0)
        if self._empty_polls:
            # The maximum is reached well before 2**20; without a bound the float would overflow.
            growth = _SHORTEST * 2 ** min(self._empty_polls - 1, 20) * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter
        self._empty_polls += 1
        return min(_SHORTEST + growth, self._longest)
