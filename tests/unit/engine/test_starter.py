"""How watches begin."""

from dataclasses import replace
from datetime import timedelta

from shared.apis import APIS
from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.core.model import Ticket
from shared.core.remote import watch_id
from shared.engine.ports import Conflict
from shared.engine.starter import RESEND_AFTER
from tests.builders import NOON
from tests.memory import MemoryWatches
from tests.unit.engine.world import ID


def test_a_start_makes_a_row_and_sends_the_first_ticket_at_once(world):
    started = world.start(labels=["a"])
    watch = started.watch

    assert started.begun
    assert world.row == watch
    assert (watch.due, watch.deadline, watch.labels) == (NOON, NOON + REALITY_ANALYSIS.lifetime, ("a",))
    assert world.sent == [(Ticket(watch.id, 0), timedelta(0))]


def test_starting_the_same_job_again_gives_the_same_watch(world):
    first = world.start().watch
    world.deliver(0)

    again = world.start(labels=["other"])

    assert not again.begun
    assert (again.watch.id, again.watch.seq, again.watch.labels) == (first.id, 1, ())


def test_a_start_sends_the_ticket_again_when_the_turn_is_overdue(started):
    """Its first start may have died between the row and the ticket."""
    started.now += RESEND_AFTER

    started.start()

    assert started.sent == [(Ticket(ID, 0), timedelta(0))]


def test_a_start_whose_row_was_inserted_and_the_answer_lost_is_a_start(world):
    """The storage client tries again by itself, and meets its own row."""

    class Forgetful(MemoryWatches):
        async def insert(self, watch):
            await super().insert(watch)
            raise Conflict(watch.id)

    world.ports = replace(world.ports, watches=Forgetful())

    assert world.start().begun
    assert len(world.sent) == 1


def test_several_starts_at_once_send_one_ticket(world):
    for _ in range(20):
        world.start()
        world.now += timedelta(milliseconds=1)

    assert len(world.sent) == 1


def test_a_start_sends_nothing_while_a_ticket_is_on_its_way(started):
    started.deliver(0)
    started.sent.clear()

    started.start()

    assert started.sent == []


def test_a_job_is_one_watch_whatever_the_order_of_its_ids():
    access_control = APIS["access-control"]

    assert watch_id(access_control, {"itwinId": "1", "jobId": "2"}) == watch_id(
        access_control, {"jobId": "2", "itwinId": "1"}
    )
    assert watch_id(access_control, {"itwinId": "1", "jobId": "2"}) != watch_id(
        access_control, {"itwinId": "2", "jobId": "1"}
    )
