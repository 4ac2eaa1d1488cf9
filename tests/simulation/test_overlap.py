"""A turn meets what people and the timer do: starts, stops, restarts, rounds."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from shared.engine.reviver import GRACE
from tests.simulation.overlap import QUICK, a_turn, check, ended_with_a_callback, started
from tests.simulation.schedules import every_overlap
from tests.simulation.world import LEASE, MAX_DEQUEUES, RETENTION, World


def a_turn_that_asks_why(job):
    world = a_turn(job)
    world.running[0].finish()
    world.deliver(world.tickets[0])
    return world


def a_stop_and_a_turn_that_asks_why(job):
    world = a_turn_that_asks_why(job)
    world.stop()
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
    while not world.ended:
        worker.go()
    world.now += LEASE
    world.deliver(world.tickets[0])
    world.restart()
    worker.kill()
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
    (a_callback_and_a_round, "success", 2),
    (a_restart_and_a_late_turn, "success", 0),
]


@pytest.mark.parametrize(("meeting", "job", "mishaps"), MEETINGS)
def test_no_watch_is_lost(meeting, job, mishaps):
    check(meeting, job, mishaps)


@pytest.mark.parametrize(
    ("meeting", "job"),
    [
        (a_start_and_a_turn, "active"),
        (a_start_and_a_turn, "success"),
        (a_stop_and_a_turn, "active"),
        (a_stop_and_a_turn, "success"),
        (a_stop_and_a_turn_that_asks_why, "failed"),
        (a_round_and_a_late_turn, "active"),
        (a_round_and_a_late_turn, "success"),
        (a_callback_and_a_round, "success"),
    ],
)
def test_no_turn_fails_because_it_meets_another(meeting, job):
    """The host gives a failed one again, but only after a minute."""
    for schedule, world in every_overlap(partial(meeting, job), mishaps=0):
        assert [worker for worker in world.workers if worker.failed and worker.comes_again] == [], schedule


@pytest.mark.parametrize(("job", "lost"), [("active", 0), ("success", 0), ("success", 1), ("failed", 0)])
def test_no_turn_fails_because_an_answer_was_lost(job, lost):
    """The client asks again by itself, and takes what it wrote for someone else's."""
    world, swaps = a_turn(job), 0
    (turn,) = world.running
    while not turn.finished:
        is_swap = "as a conflict" in turn.faults
        turn.go("as a conflict" if is_swap and swaps == lost else None)
        swaps += is_swap

    assert swaps == {"active": 1, "success": 2, "failed": 1}[job]
    assert not turn.failed
