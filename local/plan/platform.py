"""The platform as a counter: who of those that ask gets an answer, and when the first who does not may come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from local.plan.limits import Limit
from local.plan.workload import Floats


@dataclass(slots=True)
class Counter:
    """One limit, in windows that begin with the first request after the last one ended."""

    limit: float
    span: float
    ends: float = field(default=-np.inf, init=False)
    left: float = field(default=0.0, init=False)

    def room(self, times: Floats) -> int:
        """How many of these, in order, stay within the limit; the windows move on only with `take`."""
        taken, _, _ = self._walk(times)
        return taken

    def take(self, times: Floats) -> None:
        """Count these."""
        _, self.ends, self.left = self._walk(times)

    def _walk(self, times: Floats) -> tuple[int, float, float]:
        taken, ends, left = 0, self.ends, self.left
        while taken < len(times):
            if times[taken] >= ends:
                ends, left = float(times[taken]) + self.span, self.limit
            wanted = int(np.searchsorted(times, ends)) - taken
            got = min(int(left), wanted)
            taken, left = taken + got, left - got
            if got < wanted:
                break
        return taken, ends, left


class Platform:
    """All limits of a tier, which count all requests of the client."""

    def __init__(self, tier: Sequence[Limit], weight: float = 1.0) -> None:
        """`weight` is how many watches each one stands for."""
        self._counters = [Counter(limit.requests / weight, limit.span) for limit in tier]

    def ask(self, times: Floats) -> tuple[int, float]:
        """Give how many of these requests, in order, are answered, and what the first of the others is told.

        Requests behind that one have not been made: it changes what they would do.  A refused one does not count.
        """
        answered = min((counter.room(times) for counter in self._counters), default=len(times))
        for counter in self._counters:
            counter.take(times[:answered])
        if answered == len(times):
            return answered, 0.0
        full = [counter.ends for counter in self._counters if counter.room(times[answered : answered + 1]) == 0]
        return answered, float(np.ceil(max(full) - times[answered]))
