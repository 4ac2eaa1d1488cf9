"""Notices the end of jobs, without anybody asking for them: one timer, for the earliest end."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from local.simulator.apis import Api
from local.simulator.jobs import Job


class Ends:
    """The ends to come."""

    def __init__(self, tell: Callable[[Api, Job], None]) -> None:
        self._tell = tell
        self._before = timedelta(0)
        self._heap: list[tuple[datetime, int, Api, Job]] = []
        self._number = count()  # so that no two entries are equal
        self._timer: asyncio.TimerHandle | None = None

    def forget(self) -> None:
        """Expect nothing any more."""
        self.stop()
        self._heap.clear()
        self._before = timedelta(0)

    def expect(self, api: Api, job: Job) -> None:
        """Wait for the end of a job that has begun, if an event tells of it."""
        if api.event and job.ends:
            heapq.heappush(self._heap, (job.ends, next(self._number), api, job))
            if self._heap[0][3] is job:
                self._arm()

    def tell_before(self, before: timedelta) -> None:
        """From now on, tell of an end so much before it comes."""
        self._before = before
        self._arm()

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.stop()
        if self._heap:
            left = self._heap[0][0] - self._before - datetime.now(UTC)
            self._timer = asyncio.get_running_loop().call_later(max(0.0, left.total_seconds()), self._look)

    def _look(self) -> None:
        """Tell of what is due.  A timer may be early by its resolution: then nothing is."""
        now = datetime.now(UTC)
        while self._heap and self._heap[0][0] - self._before <= now:
            _, _, api, job = heapq.heappop(self._heap)
            self._tell(api, job)
        self._arm()
