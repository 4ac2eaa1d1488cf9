"""The jobs of a plan: of which API, begun when, over when, and how they end.

No page says how long jobs take, when people start them or how their percentage moves.  What stands here is ours, to be
replaced by what you know of your own jobs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.core.remote import RemoteApi

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

DAY, HOUR = 86400.0, 3600.0

#: In office hours, Monday to Friday: the first one, how many, and the part of all starts that falls into them.
OFFICE_OPENS, OFFICE_HOURS, IN_OFFICE_HOURS, WORKDAYS = 8 * HOUR, 10 * HOUR, 0.9, 5

ARRIVALS = ("random", "even", "office", "at-once")


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long jobs take: log-normal, so that most are short and some are very long."""

    median: float  #: seconds
    sigma: float = 1.0  #: of the logarithm; 0: all take the median

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """So many durations."""
        return self._of(rng.standard_normal(count))

    def draw_evenly(self, rng: np.random.Generator, count: int) -> Floats:
        """So many durations, one from each part of all that there might be."""
        bell = NormalDist()
        return self._of(np.array([bell.inv_cdf(part) for part in _evenly(rng, count).tolist()]))

    def _of(self, normal: Floats) -> Floats:
        return self.median * np.exp(self.sigma * normal)

    @property
    def mean(self) -> float:
        """Seconds."""
        return self.median * float(np.exp(self.sigma**2 / 2))


#: Guesses, by API; and for those without one.
LASTING: Mapping[str, Lasting] = {
    "access-control": Lasting(30),
    "reality-analysis": Lasting(HOUR),
    "reporting": Lasting(15 * 60),
    "schedules": Lasting(3 * 60),
}
OTHERS = Lasting(15 * 60)


@dataclass(frozen=True, slots=True)
class Jobs:
    """All jobs, one element each, in the order of their starts.  Times are seconds since the plan's beginning."""

    api: npt.NDArray[np.int8]  #: its place in the list of APIs
    start: Floats  #: of the job and of its watch
    end: Floats  #: of the job
    clean: Flags  #: it ends without anything to ask about

    def __len__(self) -> int:
        return len(self.start)


def make(
    *,
    apis: Sequence[RemoteApi],
    parts: Sequence[float],
    lasting: Mapping[str, Lasting],
    count: int,
    days: float,
    arrivals: str,
    failing: float,
    rng: np.random.Generator,
    sample: bool = False,
) -> Jobs:
    """Draw so many jobs that start within so many days; each API has its part of them.

    Those of a sample are of every length, as often as they ought to be, and so more like all than if left to chance.
    """
    uniform = partial(_evenly, rng) if sample else rng.random
    start = np.sort(_arrive(arrivals, uniform(count) * days * DAY, days, rng))
    up_to = np.cumsum(parts)
    api = np.searchsorted(up_to / up_to[-1], uniform(count), side="right").astype(np.int8)
    length = np.empty(count)
    for place, remote in enumerate(apis):
        mine, lasts = api == place, lasting[remote.name]
        length[mine] = (lasts.draw_evenly if sample else lasts.draw)(rng, int(mine.sum()))
    return Jobs(api, start, start + length, uniform(count) >= failing)


def _arrive(arrivals: str, at_random: Floats, days: float, rng: np.random.Generator) -> Any:
    count, span = len(at_random), days * DAY
    if arrivals == "at-once":
        return np.zeros(count)
    if arrivals == "even":
        return np.arange(count) * span / count
    if arrivals == "random":
        return at_random
    # A plan begins on a Monday, at midnight.
    workdays = [day for day in range(int(np.ceil(days))) if day % 7 < WORKDAYS]
    in_hours = rng.choice(workdays, count) * DAY + OFFICE_OPENS + rng.random(count) * OFFICE_HOURS
    return np.where(rng.random(count) < IN_OFFICE_HOURS, np.minimum(in_hours, span), at_random)


def _evenly(rng: np.random.Generator, count: int) -> Floats:
    """Numbers between 0 and 1, one in each of so many equal parts, in any order."""
    numbers: Floats = rng.permutation((np.arange(count) + rng.uniform(0.01, 0.99, count)) / count)
    return numbers
