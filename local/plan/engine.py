"""A plan run through: each watch, each turn, in virtual time.

Time goes on in steps.  Within a step all turns are taken together, in the order in which they are due, since what one
of them changes for the others is little, but for a 429: what follows that is taken anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from local.host.hostjson import Queues
from local.plan.crowd import Crowd
from local.plan.limits import CPU_PER_TURN, INSTANCE_CPUS, Limit
from local.plan.meter import Meter
from local.plan.platform import Platform
from local.plan.watches import Watches
from local.plan.workload import DAY, Floats, Indices, Jobs
from shared.core.remote import RemoteApi

#: Seconds; a whole part of a minute.
STEP = 10.0

MINUTE = 60.0

#: What is left of a whole number of seconds after some arithmetic is none.
ROUNDING = 1e-6


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
    most_instances: int = 40
    weight: float = 1.0  #: how many watches each one stands for
    seed: int = 0


@dataclass(slots=True)
class Tally:
    """What was counted; for a sample, not yet multiplied by its weight."""

    requests: Floats  #: to the platform, by minute
    instances: Floats  #: that the scaler would have, by step
    in_flight: Floats  #: watches, by step
    starts: int = 0
    turns: int = 0
    held: int = 0  #: turns that did not ask, because others were in the way
    throttled: int = 0  #: 429s
    faulted: int = 0  #: of these, first ones in a row; a plan knows no other faults
    moved: int = 0  #: reports with another status than the one before
    busiest_second: float = 0.0  #: turns and starts in one second
    active_seconds: float = 0.0  #: of all instances, and of all watches that a sample stands for
    gets: float = 0.0  #: looks at the queue, counted likewise


@dataclass(frozen=True, slots=True)
class Flown:
    """How it went."""

    world: World
    tally: Tally
    watches: Watches


def fly(world: World) -> Flown:
    """Run a plan to the end of its days; what is still under way then stays so."""
    return _Flight(world).run()


class _Flight:
    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = np.random.default_rng(world.seed)
        self.watches = Watches(world.apis, world.jobs)
        self.arrives: Floats = world.jobs.start.copy()  #: each watch's ticket
        self.crowd = Crowd(len(world.apis), world.budget, STEP, world.weight)
        self.platform = Platform(world.tier, world.weight)
        self.at_once = world.queues.batch_size + world.queues.threshold
        self.meter = Meter(world.most_instances, world.queues.batch_size, world.queues.max_polling_interval, self.rng)
        self.calendar: defaultdict[int, list[Indices]] = defaultdict(list)
        self.step_count = int(np.ceil(world.days * DAY / STEP))
        minutes = int(np.ceil(self.step_count * STEP / MINUTE))
        self.tally = Tally(np.zeros(minutes), np.zeros(self.step_count), np.zeros(self.step_count))
        self.spaced = self.crowd.spacing(0, 0)
        self.in_flight = 0
        self.times: list[Floats] = []  #: of the turns of this step

    def run(self) -> Flown:
        starts = np.searchsorted(self.world.jobs.start, np.arange(self.step_count + 1) * STEP)
        for step, (first, end) in enumerate(pairwise(starts.tolist())):
            self.crowd.step()
            self.times = []
            if end > first:
                self._start(np.arange(first, end))
            self._turns_of(step)
            self._count(step, end - first)
        return Flown(self.world, self.tally, self.watches)

    def _start(self, who: Indices) -> None:
        now = self.world.jobs.start[who]
        self.in_flight += len(who)
        self.tally.starts += len(who)
        self._send(who, now, np.minimum(self.crowd.admit(now), self.watches.deadline[who]) - now)

    def _send(self, who: Indices, now: Floats, delay: Floats) -> None:
        """Send tickets: in whole seconds, rounded up, and to the grid those that are to wait at all."""
        arrives = now + np.ceil(delay - ROUNDING)
        if self.world.grid:
            # Delays are whole seconds, so that tickets come within a second of the grid, as in `storage.tickets`.
            to_grid = np.ceil((now + delay) / self.world.grid) * self.world.grid - now
            arrives = np.where(delay > 0, now + np.ceil(to_grid - ROUNDING), arrives)
        self.arrives[who] = arrives
        steps = (arrives // STEP).astype(np.int64)
        order = np.argsort(steps, kind="stable")
        who, steps = who[order], steps[order]
        borders = np.flatnonzero(np.diff(steps)) + 1
        for some, step in zip(np.split(who, borders), steps[np.concatenate([[0], borders])].tolist(), strict=True):
            self.calendar[step].append(some)

    def _turns_of(self, step: int) -> None:
        begin, left = step * STEP, np.empty(0, np.intp)
        if step in self.calendar:
            self.spaced = self.crowd.spacing(begin, self.in_flight)
        while step in self.calendar or len(left):  # what is sent now may be due now
            who = np.concatenate([left, *self.calendar.pop(step, [])])
            left = self._take(who[np.argsort(self.arrives[who], kind="stable")], begin)

    def _take(self, who: Indices, begin: float) -> Indices:
        """Give these their turns, in order; gives those whose turns a 429 before them may have changed."""
        now, api = self.arrives[who], self.watches.api[who].astype(np.intp)
        draw = self.rng.random(len(who))
        until = self._until(who, now, api, draw, begin)
        asking = until <= now
        answered, told = self.platform.ask(now[asking])
        places = np.flatnonzero(asking)
        end = len(who) if answered == len(places) else int(places[answered]) + 1
        held = np.flatnonzero(~asking[:end])
        asked, refused = places[:answered], places[answered : answered + 1]
        if len(held):
            self._go_on(who[held], now[held], self.watches.hold(who[held], now[held], until[held]))
            self.tally.held += len(held)
        if len(asked):
            self._report(who[asked], now[asked], api[asked], draw[asked])
        self.crowd.count(len(asked) + len(refused))
        self.tally.requests[int(begin // MINUTE)] += len(asked) + len(refused)
        if len(refused):
            self._refuse(who[refused], now[refused], told, draw[refused])
        self.times.append(now[:end])
        return who[end:]

    def _until(self, who: Indices, now: Floats, api: Indices, draw: Floats, begin: float) -> Floats:
        """Until when each must not ask; not later than now for those that may."""
        until = self.watches.not_before[who]
        if self.crowd.knows_no_limit(begin):
            return until
        until = np.maximum(
            until, np.where(now < self.crowd.opens[api], self.crowd.opens[api] + self.spaced[api] * draw, 0)
        )
        may = until <= now
        beyond = may & (np.cumsum(may) > self.crowd.room(begin)[api])
        return np.where(beyond, begin + STEP + self.crowd.spread(self.spaced)[api] * draw, until)

    def _report(self, who: Indices, now: Floats, api: Indices, draw: Floats) -> None:
        jobs, watches = self.world.jobs, self.watches
        asking_why = watches.wants_evidence[who]
        ended = (now >= jobs.end[who]) & ~asking_why
        watches.learn_why(who[asking_why], now[asking_why])
        self.in_flight -= int(asking_why.sum())
        ask_why = watches.report_ended(who[ended], now[ended], jobs.clean[who[ended]])
        self.in_flight -= int(ended.sum()) - len(ask_why)
        self.tally.moved += len(ask_why)  # to the status that it is asked about
        if len(ask_why):
            at_once = self.arrives[ask_why]
            self._send(ask_why, at_once, np.zeros(len(ask_why)))
        runs = ~(ended | asking_why)
        who, now, api = who[runs], now[runs], api[runs]
        if not len(who):
            return
        self.tally.moved += int((watches.polls[who] < self.world.statuses).sum())
        begun, ends = jobs.start[who], jobs.end[who]
        reached = np.floor(self.world.steps * (now - begun) / (ends - begun))
        self._go_on(who, now, watches.report_running(who, now, reached, draw[runs], self.spaced[api]))

    def _refuse(self, who: Indices, now: Floats, told: float, draw: Floats) -> None:
        """One 429: it shuts the gate of its API, for all."""
        api, instant = int(self.watches.api[who[0]]), float(now[0])
        self.tally.throttled += 1
        self.crowd.shut(api, instant, told)
        self.spaced = self.crowd.spacing(instant, self.in_flight)
        wait = np.full(1, told)
        delay = self.watches.throttle(who, now, wait, draw, self.spaced[[api]])
        self.tally.faulted += int(self.watches.faults_in_a_row[who[0]] == 1)
        self._go_on(who, now, delay)

    def _go_on(self, who: Indices, now: Floats, delay: Floats) -> None:
        ended = ~np.isnan(self.watches.ended_at[who])
        self.in_flight -= int(ended.sum())
        if not ended.all():
            self._send(who[~ended], now[~ended], delay[~ended])

    def _count(self, step: int, starts: int) -> None:
        """Note what this step took; where a sample flies, of all that it stands for."""
        world, tally = self.world, self.tally
        of_each = max(1, int(np.ceil(self.in_flight * world.weight / world.ticket_queues / self.at_once)))
        instances = min(of_each * world.ticket_queues, world.most_instances)
        tally.in_flight[step], tally.instances[step] = self.in_flight, instances
        times = np.concatenate(self.times) if self.times else np.empty(0)
        in_a_second = np.bincount((times - step * STEP).astype(np.int64)).max() if len(times) else 0
        tally.busiest_second = max(tally.busiest_second, in_a_second + starts / STEP)
        if not len(times):
            return
        tally.turns += len(times)
        shown = max(1, round(instances / world.weight))  # a sample's turns are as dense on as many fewer of them
        active, gets = (of_these * instances / shown for of_these in self.meter.run(times, shown))
        tally.active_seconds += max(active, len(times) * world.weight * CPU_PER_TURN / INSTANCE_CPUS)
        tally.gets += gets
