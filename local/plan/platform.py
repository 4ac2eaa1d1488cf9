"""The platform as a counter: who gets an answer, and when those who do not may come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, inf

from local.plan import sample
from local.plan.limits import Limit


@dataclass(slots=True)
class Counter:
    """One limit, in windows that begin with the first request after the last one ended."""

    limit: int
    span: float
    ends: float = field(default=-inf, init=False)
    left: int = field(default=0, init=False)

    def is_full(self, now: float) -> bool:
        """Whether a request now would be beyond the limit."""
        return now < self.ends and self.left == 0

    def take(self, now: float) -> None:
        """Count a request."""
        if now >= self.ends:
            self.ends, self.left = now + self.span, self.limit
        self.left -= 1


class Platform:
    """All limits of a tier, which count all requests of the client."""

    def __init__(self, tier: Sequence[Limit], weight: float = 1.0) -> None:
        """`weight` is how many requests each one stands for."""
        self._counters = [Counter(sample.limit(limit.requests, weight), limit.span) for limit in tier]

    def ask(self, now: float) -> int:
        """Give the seconds that a request is told to wait; 0 when it is answered.  A refused one does not count."""
        full = [counter.ends for counter in self._counters if counter.is_full(now)]
        if full:
            return ceil(max(full) - now)
        for counter in self._counters:
            counter.take(now)
        return 0
