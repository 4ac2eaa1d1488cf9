"""A plan run through: each watch, each turn, in virtual time, one after the other."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush
from random import Random

import numpy as np
import numpy.typing as npt

from local.host.hostjson import Queues
from local.plan import turns
from local.plan.crowd import Crowd, quietly
from local.plan.limits import Limit
from local.plan.platform import Platform
from local.plan.turns import BEGINNING, instant
from local.plan.workload import DAY, Flags, Floats, Jobs
from shared.core.model import Observation, Watch
from shared.core.remote import RemoteApi
from shared.storage.tickets import to_grid


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a plan takes as given."""

    apis: Sequence[RemoteApi]
    jobs: Jobs
    days: float
    tier: Sequence[Limit] = ()
    budget: float | None = None  #: requests a minute, as the app's settings have it
    grid: float = 0.0  #: seconds; due times are rounded up to it
    steps: int = 10  #: in which a job's percentage moves
    statuses: int = 2  #: that a job which runs shows, one after the other, such as queued and active
    queues: Queues = field(default_factory=Queues)
    ticket_queues: int = 1
    most_instances: int = 4  #: of each function group, so of each queue of tickets: `maximumInstanceCount`
    weight: float = 1.0  #: how many watches each one stands for
    seed: int = 0
    most_turns: float = math.inf


class TooManyTurnsError(Exception):
    """A plan takes more turns than it may."""


@dataclass(slots=True)
class Flown:
    """How it went.  Times are seconds since the plan's beginning; of a sample, nothing is multiplied by its weight."""

    world: World
    turns: Floats  #: when, in order
    requests: Floats  #: to the platform: when, in order
    ended_at: Floats  #: each watch; not a number while it goes on
    expired: Flags  #: each watch
    polls: npt.NDArray[np.int64]  #: of each watch
    starts: int
    held: int  #: turns that did not ask, because others were in the way
    throttled: int  #: 429s
    faulted: int  #: of these, first ones in a row; a plan knows no other faults
    moved: int  #: reports with another status than the one before


def fly(world: World) -> Flown:
    """Run a plan to the end of its days; what is still under way then stays so."""
    with quietly():
        return asyncio.run(_Flight(world).run())


class _Flight:
    def __init__(self, world: World) -> None:
        jobs = world.jobs
        self.world = world
        self.now = BEGINNING
        self.draw = Random(world.seed).random  # noqa: S311 -- so that a plan can be repeated
        self.grid = timedelta(seconds=world.grid)
        self.crowd = Crowd(
            budget=world.budget,
            learns=bool(world.tier),
            weight=world.weight,
            in_flight=lambda: self.in_flight,
            now=lambda: self.now,
        )
        self.platform = Platform(world.tier, world.weight)
        self.apis = [world.apis[place] for place in jobs.api]
        self.begins = [instant(seconds) for seconds in jobs.start.tolist()]
        self.ends = [instant(seconds) for seconds in jobs.end.tolist()]
        self.watches: list[Watch | None] = [None] * len(jobs)  #: none where it has not begun
        self.queue = [*zip(self.begins, range(len(jobs)), strict=True)]  # in order, and so a heap
        self.in_flight = 0
        self.turns, self.requests = array("d"), array("d")
        self.ended_at = np.full(len(jobs), np.nan)
        self.lines: Counter[str] = Counter()
        self.held = self.throttled = 0

    async def run(self) -> Flown:
        over = instant(self.world.days * DAY)
        while self.queue and self.queue[0][0] < over:
            self.now, number = heappop(self.queue)
            watch = self.watches[number]
            await (self._start(number) if watch is None else self._turn(number, watch))
        begun = [watch for watch in self.watches if watch is not None]
        return Flown(
            world=self.world,
            turns=np.array(self.turns),
            requests=np.array(self.requests),
            ended_at=self.ended_at,
            expired=np.array([watch is not None and turns.has_expired(watch) for watch in self.watches]),
            polls=np.array([0 if watch is None else watch.polls for watch in self.watches]),
            starts=len(begun),
            held=self.held,
            throttled=self.throttled,
            moved=self.lines["moved"],
            faulted=self.lines["faulted"],
        )

    async def _start(self, number: int) -> None:
        self.in_flight += 1
        self._go_on(number, turns.begin(self.apis[number], self.now, await self.crowd.admit()))

    async def _turn(self, number: int, watch: Watch) -> None:
        self.turns.append(self._seconds)
        if len(self.turns) > self.world.most_turns:
            raise TooManyTurnsError
        asked = len(self.requests)
        after = await turns.turn(
            watch,
            self.apis[number],
            gate=self.crowd,
            ask=lambda watch: self._answer(number, watch),
            now=self.now,
            draw=self.draw,
        )
        self.held += len(self.requests) == asked
        self.lines[turns.line(watch, after)] += 1
        if turns.is_over(after):
            self.in_flight -= 1
            self.watches[number], self.ended_at[number] = after, self._seconds
        else:
            self._go_on(number, after)

    def _go_on(self, number: int, watch: Watch) -> None:
        """Send the ticket: hidden for whole seconds, as by `shared.storage.tickets`."""
        self.watches[number] = watch
        wait = to_grid(watch.due - self.now, self.now, self.grid)
        heappush(self.queue, (self.now + timedelta(seconds=math.ceil(wait.total_seconds())), number))

    def _answer(self, number: int, watch: Watch) -> Observation:
        """What the platform says."""
        self.requests.append(self._seconds)
        api, begun, ends = self.apis[number], self.begins[number], self.ends[number]
        if wait := self.platform.ask(self._seconds):
            self.throttled += 1
            return turns.refused(timedelta(seconds=wait))
        if turns.knows_the_end(watch):
            return turns.told_why()
        if self.now >= ends:
            return turns.ended(api, clean=bool(self.world.jobs.clean[number]))
        step = self.world.steps * (self.now - begun) // (ends - begun)
        status = min(watch.polls + 1, self.world.statuses)
        return turns.running(api, f"status {status}", 100 * step / self.world.steps)

    @property
    def _seconds(self) -> float:
        return (self.now - BEGINNING).total_seconds()
