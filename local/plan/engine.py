"""A plan run through: each watch, each turn, each event, in virtual time, one after the other."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heapify, heappop, heappush
from random import Random

import numpy as np
import numpy.typing as npt

from local.host.hostjson import Queues
from local.plan import turns
from local.plan.crowd import Crowd, quietly
from local.plan.events import loads
from local.plan.limits import Limit
from local.plan.platform import Platform
from local.plan.turns import BEGINNING, instant
from local.plan.workload import DAY, Flags, Floats, Jobs
from shared.core.model import Observation, Watch
from shared.core.remote import RemoteApi
from shared.storage.tickets import to_grid

#: What comes to a watch beside its tickets, whose numbers are 0 and more.  Of one instant these come first.
START, EVENT = -2, -1


def _none() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a plan takes as given."""

    apis: Sequence[RemoteApi]
    jobs: Jobs
    days: float
    events: Floats = field(
        default_factory=_none
    )  #: each job: when its event arrives; not a number: never; empty: none does
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
    events: Floats = field(default_factory=_none)  #: when, in order
    loads: int = 0  #: rows that they looked for
    woken: Floats = field(default_factory=_none)  #: watches: when, in order
    stale: Floats = field(default_factory=_none)  #: tickets that a wake-up fenced off: when they came, in order

    @property
    def delivered(self) -> Floats:
        """When tickets came, in order: those of turns, and those that a wake-up fenced off."""
        return np.sort(np.concatenate([self.turns, self.stale])) if len(self.stale) else self.turns


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
            in_flight=lambda: self.in_flight + len(self.woken) - len(self.stale),  # it counts tickets
            now=lambda: self.now,
        )
        self.platform = Platform(world.tier, world.weight)
        self.apis = [world.apis[place] for place in jobs.api]
        self.begins = [instant(seconds) for seconds in jobs.start.tolist()]
        self.ends = [instant(seconds) for seconds in jobs.end.tolist()]
        self.watches: list[Watch | None] = [None] * len(jobs)  #: none where it has not begun
        self.queue = [(begins, number, START) for number, begins in enumerate(self.begins)]
        told = np.flatnonzero(~np.isnan(world.events)).tolist()
        self.queue += [(instant(float(world.events[number])), number, EVENT) for number in told]
        heapify(self.queue)
        loads_of = [loads(api) for api in world.apis]
        self.loads_of = [loads_of[place] for place in jobs.api]
        self.in_flight = self.loads = 0
        self.turns, self.requests = array("d"), array("d")
        self.events, self.woken, self.stale = array("d"), array("d"), array("d")
        self.ended_at = np.full(len(jobs), np.nan)
        self.lines: Counter[str] = Counter()
        self.held = self.throttled = 0

    async def run(self) -> Flown:
        over = instant(self.world.days * DAY)
        while self.queue and self.queue[0][0] < over:
            self.now, number, what = heappop(self.queue)
            watch = self.watches[number]
            if watch is None:
                await self._start(number)
            elif what == EVENT:
                self._wake(number, watch)
            elif what == turns.seq(watch):
                await self._turn(number, watch)
            else:
                self.stale.append(self._seconds)
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
            events=np.array(self.events),
            loads=self.loads,
            woken=np.array(self.woken),
            stale=np.array(self.stale),
        )

    async def _start(self, number: int) -> None:
        self.in_flight += 1
        self._go_on(number, turns.begin(self.apis[number], self.now, await self.crowd.admit()))

    def _wake(self, number: int, watch: Watch) -> None:
        self.events.append(self._seconds)
        self.loads += self.loads_of[number]
        if after := turns.woken(watch, self.now):
            self.woken.append(self._seconds)
            self._go_on(number, after)

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
        """Send the ticket, as `shared.engine.effects` does: hidden for whole seconds, by `shared.storage.tickets`."""
        self.watches[number] = watch
        wait = to_grid(max(timedelta(0), watch.due - self.now), self.now, self.grid)
        visible = self.now + timedelta(seconds=math.ceil(wait.total_seconds()))
        heappush(self.queue, (visible, number, turns.seq(watch)))

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
