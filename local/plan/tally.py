"""What a flight comes to in each span of time; of a sample, multiplied by its weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from local.plan.engine import Flown
from local.plan.sample import most
from local.plan.workload import DAY, Flags, Floats

MINUTE = 60

#: Seconds after which watches and instances are counted again; and in which those started at once are taken to begin.
STEP = 10


@dataclass(frozen=True, slots=True)
class Course:
    """A number that goes up and down: one for each span."""

    each: Floats
    weight: float

    @property
    def mean(self) -> float:
        """Of all spans."""
        return float(self.each.mean()) * self.weight

    @property
    def peak(self) -> float:
        """Of the whole, where this is a sample."""
        return most(float(self.each.max()), float(np.median(self.each)), self.weight)


def requests(flown: Flown) -> Course:
    """Count the requests to the platform in each minute."""
    return Course(_in_each(flown, flown.requests, MINUTE), flown.world.weight)


def in_flight(flown: Flown) -> Course:
    """Count the watches at the end of each step."""
    return Course(_open(flown, np.ones(len(flown.world.jobs), dtype=bool)), flown.world.weight)


def apis_in_use(flown: Flown) -> Floats:
    """Count the APIs that have watches at the end of each step; of a sample, those of the sample."""
    places = np.unique(flown.world.jobs.api)
    in_use: Floats = np.sum([_open(flown, flown.world.jobs.api == place) > 0 for place in places], axis=0, dtype=float)
    return in_use


def _open(flown: Flown, among: Flags) -> Floats:
    """Count the watches among these at the end of each step; nothing is multiplied by its weight."""
    begun = flown.world.jobs.start[: flown.starts][among[: flown.starts]]
    ended = flown.ended_at[among & ~np.isnan(flown.ended_at)]
    watches: Floats = np.cumsum(_in_each(flown, begun, STEP) - _in_each(flown, ended, STEP))
    return watches


def instances(flown: Flown) -> Floats:
    """Say how many take turns by the scaler, which counts sleeping tickets, in each step."""
    return _scaled(flown, in_flight(flown).each * flown.world.weight)


def most_instances(flown: Flown) -> float:
    """Say how many there are at most."""
    return float(_scaled(flown, np.array([in_flight(flown).peak]))[0])


def busiest_second(flown: Flown) -> float:
    """Count turns and starts."""
    starts = _in_each(flown, flown.world.jobs.start[: flown.starts], STEP) / STEP
    turns = _in_each(flown, flown.turns, 1)
    both = turns + np.repeat(starts, STEP)[: len(turns)]
    return most(float(both.max()), float(np.median(both)), flown.world.weight)


def _scaled(flown: Flown, watches: Floats) -> Floats:
    world = flown.world
    at_once = world.queues.batch_size + world.queues.threshold
    of_each_queue = np.maximum(np.ceil(watches / world.ticket_queues / at_once), 1)
    bounded: Floats = np.minimum(of_each_queue, world.most_instances) * world.ticket_queues
    return bounded


def _in_each(flown: Flown, times: Floats, span: int) -> Floats:
    """Count the times in each span of so many seconds."""
    spans = int(np.ceil(flown.world.days * DAY / span))
    return np.bincount((times // span).astype(np.int64), minlength=spans).astype(float)
