"""Two deliveries of one turn meet: its message whose lease ran out, or a copy of it."""

from __future__ import annotations

import pytest

from shared.engine.reviver import GRACE
from tests.simulation.overlap import a_turn, check, ended_with_a_callback, started
from tests.simulation.world import LEASE


def a_message_whose_lease_ran_out(job):
    world = a_turn(job)
    world.tickets[0].visible_at = world.now
    world.deliver(world.tickets[0])
    return world


def two_messages_of_one_turn(job):
    world = started(job)
    world.duplicate(world.tickets[0], world.now)
    for message in list(world.tickets):
        world.deliver(message)
    return world


def a_callback_whose_lease_ran_out(_):
    world = ended_with_a_callback()
    world.deliver(world.tickets[0]).finish()
    world.wait_for_a_message()
    world.call(world.calls[0])
    world.now += LEASE
    world.call(world.calls[0])
    return world


def two_who_publish_an_end_with_a_callback(_):
    """The message whose step ended it is delivered again, while its first worker still publishes."""
    world = ended_with_a_callback()
    worker = world.deliver(world.tickets[0])
    while not world.ended:
        worker.go()
    world.now += LEASE
    world.deliver(world.tickets[0])
    return world


def a_callback_and_who_publishes(_):
    world = ended_with_a_callback()
    worker = world.deliver(world.tickets[0])
    while not world.calls:
        worker.go()
    world.now += GRACE
    world.call(world.calls[0])
    return world


#: Two workers, the job as the remote API reports it, and how many mishaps they meet.  With two everywhere there are
#: 250,000 schedules.
MEETINGS = [
    (a_message_whose_lease_ran_out, "active", 1),
    (a_message_whose_lease_ran_out, "success", 1),
    (two_messages_of_one_turn, "active", 1),
    (two_messages_of_one_turn, "success", 1),
    (a_callback_whose_lease_ran_out, "success", 2),
    (two_who_publish_an_end_with_a_callback, "success", 0),
    (a_callback_and_who_publishes, "success", 2),
]


@pytest.mark.parametrize(("meeting", "job", "mishaps"), MEETINGS)
def test_no_watch_is_lost(meeting, job, mishaps):
    check(meeting, job, mishaps)
