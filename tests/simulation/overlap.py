"""Two workers meet on one watch: every interleaving of their port calls, with a death or a failure in every place.

Random search (test_crashes.py) rarely meets the worst of these, so they are enumerated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.simulation.schedules import every_overlap
from tests.simulation.world import World

#: The lists are written twice with the same effect as once, whatever others do meanwhile, and a row that is read again
#: after a lost swap is read for what comes next: their places add schedules and nothing new.  test_crashes.py breaks
#: them everywhere.
QUICK = frozenset({"add", "add_ended", "remove", "load again"})


def started(job: str = "active") -> World:
    world = World(job=job, unbroken=QUICK)
    world.start().finish()
    return world


def a_turn(job: str) -> World:
    world = started(job)
    world.deliver(world.tickets[0])
    return world


def ended_with_a_callback() -> World:
    world = World(job="success", callback="https://hooks.example.com/", unbroken=QUICK)
    world.start().finish()
    return world


def check(meeting: Callable[[str], World], job: str, mishaps: int) -> None:
    """Run all schedules of a meeting, with so many mishaps, and see that nothing is lost."""
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
