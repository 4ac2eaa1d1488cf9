"""What all watches together allow themselves: `core.rate_limit`, as `engine.gate` applies it, for one process.

What `SharedGate` does for each turn, this does for all turns of a few seconds.  One process is assumed, whatever the
number of instances: with more of them the first minutes after a 429 may bring a few more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from local.plan.watches import BEGINNING
from local.plan.workload import Floats
from shared.core.rate_limit import Limit, allowed, assumed, shut, spacing
from shared.core.schedule import SOONEST
from shared.engine.gate import COMES_BACK_WITHIN, MOST_ABOVE

MINUTE = 60.0


class Crowd:
    """The gates of all APIs, and the requests of the last minute."""

    def __init__(self, apis: int, budget: float | None, step: float, weight: float) -> None:
        """`step` is for how long what is said here holds; `weight` how many watches each one stands for."""
        self.opens: Floats = np.full(apis, -np.inf)  #: when each API's gate opens, or did
        self._gates: list[Limit | None] = [None] * apis
        self._budget = budget
        self._weight = weight
        self._step = step
        self._asked = [0] * round(MINUTE / step)  #: in each step of the last minute; the last one is under way
        self._next_start = -np.inf

    def step(self) -> None:
        """Go on to the next few seconds."""
        self._asked = [*self._asked[1:], 0]

    def rates(self, now: float) -> Sequence[float | None]:
        """Requests a minute for each API's watches."""
        return [allowed(gate, self._budget, _instant(now)) for gate in self._gates]

    def spacing(self, now: float, watches: int) -> Floats:
        """Seconds between two turns of a watch, by API."""
        count = round(watches * self._weight)
        return np.array([spacing(count, rate).total_seconds() for rate in self.rates(now)])

    def room(self, now: float) -> Floats:
        """How many requests may still be made in this step, by API."""
        limits = np.array([np.inf if rate is None else rate * MOST_ABOVE / self._weight for rate in self.rates(now)])
        left: Floats = np.maximum(limits - sum(self._asked), 0)
        return left

    def spread(self, spaced: Floats) -> Floats:
        """In how many seconds those come back for which there was no room."""
        least: Floats = np.minimum(spaced, COMES_BACK_WITHIN.total_seconds())
        return least

    def count(self, asked: int) -> None:
        """These have been asked for."""
        self._asked[-1] += asked

    def knows_no_limit(self, now: float) -> bool:
        """Whether nothing is in any watch's way."""
        return all(rate is None for rate in self.rates(now))

    def shut(self, api: int, now: float, told: float) -> None:
        """Shut the gate of an API after a 429."""
        before, instant = self._gates[api], _instant(now)
        most = assumed(round(sum(self._asked) * self._weight)) if self._budget is None else self._budget
        steps_since = int(min(max(np.ceil((now - self.opens[api]) / self._step), 0), len(self._asked)))
        since = round(sum(self._asked[len(self._asked) - steps_since :]) * self._weight)
        opens_at = instant + max(timedelta(seconds=told), SOONEST)
        gate = self._gates[api] = shut(before, instant, opens_at, most, since)
        self.opens[api] = (gate.opens_at - BEGINNING).total_seconds()

    def admit(self, starts: Floats) -> Floats:
        """When those that start now, in order, have their first turns."""
        known = [rate for rate in self.rates(float(starts[0])) if rate is not None]
        if not known:
            return starts
        apart = MINUTE / min(known) * self._weight
        places = apart * np.arange(len(starts))
        turns: Floats = np.maximum.accumulate(np.maximum(starts, self._next_start) - places) + places
        self._next_start = turns[-1] + apart
        return turns


def _instant(seconds: float) -> datetime:
    return BEGINNING + timedelta(seconds=seconds)
