"""Two workers meet on one watch: every interleaving of their port calls, with a death or a failure in every place.

Random search (test_crashes.py) rarely meets the worst of these, so they are enumerated.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from shared.engine.reviver import GRACE
from tests.simulation.schedules import every_overlap
from tests.simulation.world import LEASE, MAX_DEQUEUES, RETENTION, World

#: The index of open watches is written twice with the same effect as once, whatever others do meanwhile, and a row that
#: is read again after a lost swap is read for what comes next: their places add schedules and nothing new.
#: test_crashes.py breaks them everywhere.
QUICK = frozenset({"add", "remove", "load again"})


def started(job="active"):
    world = World(job=job, unbroken=QUICK)
    world.start().finish()
    return world


def a_turn(job):
    world = started(job)
    world.deliver(world.tickets[0])
    return world


def a_turn_that_asks_why(job):
    world = a_turn(job)
    world.running[0].finish()
    world.deliver(world.tickets[0])
    return world


def a_stop_and_a_turn_that_asks_why(job):
    world = a_turn_that_asks_why(job)
    world.stop()
    return world


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


def a_stop_and_a_turn(job):
    world = a_turn(job)
    world.stop()
    return world


def two_stops(job):
    world = started(job)
    world.stop()
    world.stop()
    return world


def a_start_and_a_turn(job):
    world = a_turn(job)
    world.start()
    return world


def two_starts(job):
    world = World(job=job, unbroken=QUICK)
    world.start()
    world.start()
    return world


def a_start_and_a_stop(job):
    world = World(job=job, unbroken=QUICK)
    start = world.start()
    while not world.row:  # there is a row, but no ticket yet
        start.go()
    world.stop()
    return world


def a_round_and_a_late_turn(job):
    world = started(job)
    world.now += 2 * GRACE
    world.deliver(world.tickets[0])
    world.tend()
    return world


def two_rounds(job):
    world = started(job)
    world.now += 2 * GRACE
    world.tend()
    world.tend()
    return world


def a_round_and_a_stop(job):
    world = started(job)
    world.now += 2 * GRACE
    world.tend()
    world.stop()
    return world


def a_round_and_a_start(job):
    world = started(job)
    world.now += 2 * GRACE
    world.tend()
    world.start()
    return world


def a_round_and_a_poisoned_ticket(job):
    world = started(job)
    for _ in range(MAX_DEQUEUES):
        world.wait_for_a_message()
        worker = world.deliver(world.tickets[0])
        worker.go("before")
        worker.finish()
    world.now += 2 * GRACE
    world.deliver_poisoned(world.poison[0])
    world.tend()
    return world


def two_restarts(_):
    world = started("success")
    world.deliver(world.tickets[0]).finish()
    world.now += timedelta(hours=1)
    world.restart()
    world.restart()
    return world


def a_restart_and_a_late_turn(_):
    """The message whose step ended it is delivered again, not yet having published the end."""
    world = started("success")
    worker = world.deliver(world.tickets[0])
    while not world.row.outcome:
        worker.go()
    world.now += LEASE
    world.deliver(world.tickets[0])
    world.restart()
    worker.kill()
    return world


def ended_with_a_callback():
    world = World(job="success", callback="https://hooks.example.com/", unbroken=QUICK)
    world.start().finish()
    return world


def a_callback_whose_lease_ran_out(_):
    world = ended_with_a_callback()
    world.deliver(world.tickets[0]).finish()
    world.wait_for_a_message()
    world.call(world.calls[0])
    world.now += LEASE
    world.call(world.calls[0])
    return world


def a_callback_and_who_publishes(_):
    world = ended_with_a_callback()
    worker = world.deliver(world.tickets[0])
    while not world.calls:
        worker.go()
    world.now += GRACE
    world.call(world.calls[0])
    return world


def a_callback_and_a_round(_):
    world = ended_with_a_callback()
    world.deliver(world.tickets[0]).finish()
    world.now += 2 * GRACE
    world.call(world.calls[0])
    world.tend()
    return world


def a_removal_and_a_start(_):
    world = started("success")
    world.deliver(world.tickets[0]).finish()
    world.now += 2 * RETENTION
    world.tend()
    world.start()
    return world


#: Two workers, the job as the remote API reports it, and how many mishaps they meet.  With two everywhere there are
#: 250,000 schedules.
MEETINGS = [
    (a_turn, "active", 2),
    (a_turn, "success", 2),
    (a_turn_that_asks_why, "failed", 2),
    (a_stop_and_a_turn_that_asks_why, "failed", 1),
    (a_message_whose_lease_ran_out, "active", 1),
    (a_message_whose_lease_ran_out, "success", 1),
    (two_messages_of_one_turn, "active", 1),
    (two_messages_of_one_turn, "success", 1),
    (a_stop_and_a_turn, "active", 1),
    (a_stop_and_a_turn, "success", 1),
    (a_start_and_a_turn, "active", 2),
    (a_start_and_a_turn, "success", 1),
    (a_round_and_a_late_turn, "active", 2),
    (a_round_and_a_late_turn, "success", 2),
    (two_starts, "success", 2),
    (two_stops, "success", 1),
    (two_rounds, "success", 2),
    (a_start_and_a_stop, "success", 2),
    (a_round_and_a_stop, "success", 1),
    (a_round_and_a_start, "success", 2),
    (a_round_and_a_poisoned_ticket, "success", 2),
    (a_removal_and_a_start, "success", 2),
    (two_restarts, "success", 0),
    (a_callback_whose_lease_ran_out, "success", 2),
    (a_callback_and_who_publishes, "success", 2),
    (a_callback_and_a_round, "success", 2),
    (a_restart_and_a_late_turn, "success", 0),
]


@pytest.mark.parametrize(("meeting", "job", "mishaps"), MEETINGS)
def test_no_watch_is_lost(meeting, job, mishaps):
    for schedule, world in every_overlap(partial(meeting, job), mishaps):
        try:
            if world.job == "active":
                world.job = "success"
            world.settle(tending=world.needs_tending)
            world.check_nothing_multiplies()
            world.check_all_is_done()
        except AssertionError as error:
            error.add_note(f"schedule {schedule}")
            raise
