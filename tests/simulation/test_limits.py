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
    stray: timedelta | None = None  #: every so often a 429 that has nothing to do with our rate
    stray_told: timedelta | None = None  #: its Retry-After
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
        self.next_stray = NOON + self.stray if self.stray else None
        self.seen_after: list[float] = []  #: seconds from a job's end to its watch's, for each
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

    async def _fetch(self, request: Request, within: timedelta) -> Response:  # noqa: ARG002
        if self.stray and self.next_stray and self.now >= self.next_stray:
            self.next_stray += self.stray
            self.answers[429] += 1
            return Response(429, {} if self.stray_told is None else {"retry-after": f"{self.stray_told.seconds}"})
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
        over_for = self.now - begun - self.lasts
        if over_for >= timedelta(0):
            self.seen_after.append(over_for.total_seconds())
        word = "Succeeded" if over_for >= timedelta(0) else "Started"
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
                await self._next()

    async def _next(self) -> None:
        """Deliver the next ticket."""
        due, number, ticket = heapq.heappop(self.queue)
        self.now = max(self.now, due)
        await deliver(self._any().poller, ticket, str(number))

    def _any(self) -> Ports:
        return self.random.choice(self.apps)

    def percentile(self, part: float) -> float:
        """Seconds after which so many ends are seen."""
        return sorted(self.seen_after)[int(part * len(self.seen_after))]

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


def day(**how):
    """Watches of jobs of 20 minutes, that start one after another, on a platform without a limit."""
    return Sky(limit=10**9, lasts=timedelta(minutes=20), **how).fly(1000, over=timedelta(hours=4))


@pytest.fixture(scope="module")
def undisturbed():
    return day()


@pytest.mark.thorough
@pytest.mark.parametrize("processes", [1, 4])
@pytest.mark.parametrize(("minutes", "told"), [(1, None), (1, 5), (5, None), (5, 60), (20, None), (20, 60)])
def test_a_429_that_is_not_ours_slows_nobody_down_for_long(undisturbed, minutes, told, processes):
    told = told and timedelta(seconds=told)
    sky = day(stray=timedelta(minutes=minutes), stray_told=told, processes=processes)

    assert sky.answers[429] >= 4 * 60 // minutes
    for part in (0.5, 0.95):
        assert sky.percentile(part) <= 1.3 * undisturbed.percentile(part)


def test_a_rate_that_was_learned_too_low_rises_again():
    """A crowd that comes at once meets a stray; later its ends are seen as soon as without."""
    free, sky = (Sky(limit=10**9, lasts=timedelta(minutes=40), processes=4) for _ in range(2))
    sky.stray, sky.next_stray = timedelta(minutes=30), NOON + timedelta(seconds=5)
    for each in (free, sky):
        each.fly(1000, over=timedelta(seconds=10))

    assert sky.percentile(0.5) <= 1.3 * free.percentile(0.5)


@pytest.mark.parametrize("processes", [1, 4])
@pytest.mark.parametrize(
    ("limit", "window", "watches", "least"), [(5000, 1, 4000, 0.2), (200, 1, 1000, 0.6), (5000, 60, 100, 0.2)]
)
def test_a_real_limit_is_found_and_used(limit, window, watches, least, processes):
    sky = Sky(limit=limit, window=timedelta(minutes=window), lasts=timedelta(minutes=20), processes=processes)
    sky.fly(watches, over=timedelta(seconds=10))

    assert sky.answers[429] <= 0.01 * processes * sky.answers[200]
    assert sky.answers[200] >= least * limit * sky.minutes / window


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
