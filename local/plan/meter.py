"""What instances are billed for: the seconds in which they run something, and their looks at the queue."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from local.plan.limits import LEAST_ACTIVE_SECONDS
from local.plan.workload import Floats

#: Turns nearer to each other than this come in one batch.
TOGETHER = 0.01


class Meter:
    """Turns spread over instances at random.  One is taken to be shorter than the least time that is billed."""

    def __init__(self, most_instances: int, batch_size: int, longest_rest: timedelta, rng: np.random.Generator) -> None:
        self._last: Floats = np.full(most_instances, -np.inf)  #: turn of each instance
        self._batch_size = batch_size
        self._rests = _rests(longest_rest)
        self._rng = rng

    def run(self, times: Floats, instances: int) -> tuple[float, float]:
        """Give the seconds that so many instances are active for turns at these times, and their looks at the queue.

        The times are later than those of the last call.  What a turn costs depends on when the next one comes on the
        same instance, and is counted with that.
        """
        longest = float(self._rests[-1])
        begin = float(times.min())
        mine = self._rng.integers(instances, size=len(times))
        whose = np.concatenate([np.arange(instances), mine])
        when = np.concatenate([np.maximum(self._last[:instances], begin - longest), times])
        order = np.lexsort((when, whose))
        gaps = np.diff(when[order])[np.diff(whose[order]) == 0]
        np.maximum.at(self._last, mine, times)
        together = gaps < TOGETHER
        looks = together.sum() / self._batch_size + np.searchsorted(self._rests, gaps[~together]).sum()
        return float(np.minimum(gaps, LEAST_ACTIVE_SECONDS).sum()), float(looks)


def _rests(longest: timedelta) -> Floats:
    """When, after a batch, an idle listener looks again: at once, and then as local/host/backoff.py says.

    Counted for an hour; then an instance has long gone.

    >>> [round(float(rest), 1) for rest in _rests(timedelta(seconds=2))[:9]]
    [0.0, 0.1, 0.3, 0.6, 1.1, 2.0, 3.7, 5.7, 7.7]
    """
    growth = [0.0, *(0.1 * 2**turn for turn in range(20))]
    first = [0.0, *(min(0.1 + more, longest.total_seconds()) for more in growth)]
    further = [longest.total_seconds()] * int(3600 / longest.total_seconds())
    return np.cumsum([*first, *further])
