"""An event of the platform meets a turn, and what people and the timer do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.engine.reviver import GRACE
from tests.simulation.overlap import QUICK, a_turn, check, started
from tests.simulation.world import World


def waiting(job):
    """Its next turn is not yet due."""
    world = started("active")
    world.deliver(world.tickets[0]).finish()
    world.job = job
    return world


def an_event(job):
    world = waiting(job)
    world.wake()
    return world


def an_event_and_a_turn(job):
    world = a_turn(job)
    world.wake()
    return world


def an_event_and_the_turn_after_next(job):
    world = waiting(job)
    world.wait_for_a_message()
    world.deliver(world.tickets[0])
    world.wake()
    return world


def an_event_twice(job):
    """The platform tells it until it is taken: no timer is needed for what one of the two leaves undone."""
    world = waiting(job)
    world.wake(comes_again=True)
    world.wake(comes_again=True)
    return world


def two_events(job):
    world = waiting(job)
    world.wake("one")
    world.wake("other")
    return world


def an_event_and_a_stop(job):
    world = waiting(job)
    world.wake()
    world.stop()
    return world


def an_event_and_a_start(job):
    world = World(job=job, unbroken=QUICK)
    world.start()
    world.wake()
    return world


def an_event_and_a_restart(_):
    world = started("success")
    world.deliver(world.tickets[0]).finish()
    world.now += timedelta(hours=1)
    world.restart()
    world.wake()
    return world


def an_event_and_a_round(job):
    world = waiting(job)
    world.now += 2 * GRACE
    world.wake()
    world.tend()
    return world


def an_event_and_a_turn_that_asks_why(job):
    world = a_turn(job)
    world.running[0].finish()
    world.deliver(world.tickets[0])
    world.wake()
    return world


def an_event_while_the_api_wants_to_be_left_alone(job):
    """A ticket comes early, besides: neither may ask."""
    world = started("active")
    world.retry_after = timedelta(minutes=10)
    world.deliver(world.tickets[0]).finish()
    world.job, world.retry_after = job, None
    world.wake()
    world.tickets[0].visible_at = world.now
    world.deliver(world.tickets[0])
    return world


MEETINGS = [
    (an_event, "active", 2),
    (an_event, "success", 2),
    (an_event_and_a_turn, "active", 1),
    (an_event_and_a_turn, "success", 1),
    (an_event_and_the_turn_after_next, "success", 1),
    (an_event_twice, "active", 1),
    (two_events, "active", 2),
    (an_event_and_a_stop, "success", 1),
    (an_event_and_a_start, "success", 2),
    (an_event_and_a_restart, "success", 0),
    (an_event_and_a_round, "success", 2),
    (an_event_and_a_turn_that_asks_why, "failed", 0),
    (an_event_while_the_api_wants_to_be_left_alone, "active", 1),
]


@pytest.mark.parametrize(("meeting", "job", "mishaps"), MEETINGS)
def test_no_watch_is_lost(meeting, job, mishaps):
    check(meeting, job, mishaps)
