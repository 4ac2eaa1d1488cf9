"""The jobs of a plan: of which API, begun when, over when, and how they end.

No page says how long jobs take, when people start them or how their percentage moves.  What stands here is ours, to be
replaced by what you know of your own jobs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
        return self.median * np.exp(self.sigma * rng.standard_normal(count))

    @property
    def mean(self) -> float:
        """Seconds."""
        return self.median * float(np.exp(self.sigma**2 / 2))


#: Guesses, by API.
LASTING: Mapping[str, Lasting] = {
    "access-control": Lasting(30),
    "reality-analysis": Lasting(HOUR),
    "reporting": Lasting(15 * 60),
    "schedules": Lasting(3 * 60),
}


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
) -> Jobs:
    """Draw so many jobs that start within so many days; each API has its part of them."""
    start = np.sort(_arrive(arrivals, count, days * DAY, rng))
    api = rng.choice(len(apis), size=count, p=np.array(parts) / sum(parts)).astype(np.int8)
    length = np.empty(count)
    for place, remote in enumerate(apis):
        mine = api == place
        length[mine] = lasting[remote.name].draw(rng, int(mine.sum()))
    return Jobs(api, start, start + length, rng.random(count) >= failing)


def _arrive(arrivals: str, count: int, span: float, rng: np.random.Generator) -> Any:
    if arrivals == "at-once":
        return np.zeros(count)
    if arrivals == "even":
        return np.arange(count) * span / count
    at_random = rng.random(count) * span
    if arrivals == "random":
        return at_random
    days = int(np.ceil(span / DAY))
    workdays = [day for day in range(days) if day % 7 < WORKDAYS]  # a plan begins on a Monday, at midnight
    in_hours = rng.choice(workdays, count) * DAY + OFFICE_OPENS + rng.random(count) * OFFICE_HOURS
    return np.where(rng.random(count) < IN_OFFICE_HOURS, np.minimum(in_hours, span), at_random)
