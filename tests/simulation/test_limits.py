"""A thousand watches against a platform that counts requests, in virtual time: one polite client.

Several processes share the queue, the table of watches and the table of gates.  Turns take no time, so that what is
seen here is what the watches decide, not how fast a machine is.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import math
import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from shared.apis.schedules import SCHEDULES as API
from shared.core.model import Ticket
from shared.core.rate_limit import budget
from shared.core.remote import Request, Response
from shared.engine.deliver import deliver
from shared.engine.gate import SharedGate
from tests.builders import NOON
from tests.engine import Ports
from tests.memory import MemoryRows, MemoryWatches

MINUTE = timedelta(minutes=1)


@dataclass
class Sky:
    """All that the processes share."""

    limit: int = 500  #: requests in a window
    window: timedelta = MINUTE
    told: timedelta | None = None  #: the Retry-After of a 429; None: until the window ends
    lasts: timedelta = timedelta(minutes=2)  #: each job, from its first poll on
    per_minute: int | None = None  #: the setting
    processes: int = 1
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.random = random.Random(1)  # noqa: S311 -- so that a run can be repeated
        self.store = MemoryWatches()
        self.gates: dict[str, Any] = {}
        self.queue: list[tuple[datetime, int, Ticket]] = []
        self.numbers = count()
        self.begun: dict[str, datetime] = {}
        self.last_poll: dict[str, datetime] = {}
        self.shortest: dict[str, timedelta] = {}
        self.longest: dict[str, timedelta] = {}
        self.ends, self.left = NOON, 0
        self.answers: Counter[int] = Counter()
        self.per_minute_seen: Counter[int] = Counter()
        self.writes = 0
        self.ended = 0
        self.apps = [self._process() for _ in range(self.processes)]

    def _process(self) -> Ports:
        gate = SharedGate(self._read, self._write, self._count, budget(self.per_minute, None), lambda: self.now)
        return Ports(
            watches=self.store,
            callbacks=MemoryRows(),
            now=lambda: self.now,
            apis={API.name: API},
            send=self._send,
            fetch=self._fetch,
            record=self._record,
            draw=self.random.random,
            gate=gate,
        )

    async def _read(self) -> dict[str, Any]:
        return dict(self.gates)

    async def _write(self, api: str, gate: Any) -> None:
        self.writes += 1
        self.gates[api] = gate

    async def _count(self) -> int:
        return len(self.queue)

    async def _send(self, ticket: Ticket, delay: timedelta) -> None:
        due = self.now + timedelta(seconds=math.ceil(delay.total_seconds()))
        heapq.heappush(self.queue, (due, next(self.numbers), ticket))

    async def _record(self, *_: Any) -> None:
        self.ended += 1

    async def _fetch(self, request: Request) -> Response:
        job = request.path.rsplit("/", 1)[1]
        if self.now >= self.ends:
            self.ends, self.left = self.now + self.window, self.limit
        self.left -= 1
        status = 200 if self.left >= 0 else 429
        self.answers[status] += 1
        self.per_minute_seen[(self.now - NOON) // MINUTE] += 1
        if status != 200:
            told = self.told or self.ends - self.now
            return Response(429, {"retry-after": str(math.ceil(told.total_seconds()))})
        if job in self.last_poll:
            gap = self.now - self.last_poll[job]
            self.shortest[job] = min(gap, self.shortest.get(job, gap))
            self.longest[job] = max(gap, self.longest.get(job, gap))
        self.last_poll[job] = self.now
        begun = self.begun.setdefault(job, self.now)
        word = "Succeeded" if self.now - begun >= self.lasts else "Started"
        return Response(200, {}, json.dumps({"operation": {"status": word}}).encode())

    def fly(self, watches: int, over: timedelta) -> Sky:
        """Start so many watches over a time, and go on until all have ended."""
        asyncio.run(self._fly(watches, over))
        return self

    async def _fly(self, watches: int, over: timedelta) -> None:
        starts = [NOON + over * number / watches for number in range(watches)]
        while starts or self.queue:
            if starts and (not self.queue or starts[0] <= self.queue[0][0]):
                self.now = max(self.now, starts.pop(0))
                job = {"scheduleId": "s", "operationId": str(watches - len(starts))}
                await self._any().starter.start(API, job, self.now, self.now + API.lifetime)
            else:
                due, number, ticket = heapq.heappop(self.queue)
                self.now = max(self.now, due)
                await deliver(self._any().poller, ticket, str(number))

    def _any(self) -> Ports:
        return self.random.choice(self.apps)

    @property
    def minutes(self) -> float:
        return (self.now - NOON) / MINUTE


SCHEDULED = API.polling.delays[0]


@pytest.mark.parametrize("processes", [1, 4])
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({}, id="the smallest tier"),
        pytest.param({"told": timedelta(seconds=5)}, id="a Retry-After that is too short"),
        pytest.param({"limit": 200}, id="less than any tier"),
        pytest.param({"window": timedelta(seconds=10)}, id="another window"),
        pytest.param({"per_minute": 500}, id="a budget"),
    ],
)
def test_a_thousand_watches_are_one_polite_client(how, processes):
    sky = Sky(**how, processes=processes).fly(1000, over=timedelta(seconds=10))

    assert sky.ended == 1000
    assert min(sky.shortest.values()) >= SCHEDULED
    assert sky.answers[429] <= 0.01 * processes * sky.answers[200]  # each has to find out for itself
    assert sky.writes <= sky.answers[429]


def test_a_process_that_knows_the_limit_never_meets_it():
    assert Sky(per_minute=500).fly(1000, over=timedelta(seconds=10)).answers[429] == 0


def test_all_end_in_little_more_time_than_the_limit_takes():
    sky = Sky(lasts=timedelta(minutes=4)).fly(1000, over=timedelta(seconds=10))

    assert sky.answers[200] / 500 <= sky.minutes <= 1.5 * sky.answers[200] / 500


def test_no_watch_starves():
    """Intervals stretch evenly: the longest of them is not many times what the limit makes of all."""
    sky = Sky(lasts=timedelta(minutes=30), per_minute=500).fly(1000, over=timedelta(seconds=10))

    even = timedelta(minutes=1000 / 450)
    assert max(sky.longest.values()) <= 2 * even


def test_few_watches_are_not_slowed_down_by_a_budget():
    sky = Sky(lasts=timedelta(minutes=5), per_minute=500).fly(5, over=timedelta(seconds=1))
    free = Sky(lasts=timedelta(minutes=5)).fly(5, over=timedelta(seconds=1))

    assert sky.answers == free.answers
    assert sky.minutes == pytest.approx(free.minutes, rel=0.05)
