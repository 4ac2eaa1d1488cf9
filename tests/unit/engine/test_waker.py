"""How events of the platform wake watches."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.model import Outcome, Ticket
from shared.engine.ports import Unreadable
from shared.engine.waker import Woken
from tests.unit.engine.world import ID, World

AT_ONCE = timedelta(0)


def wake(world, event="e"):
    return asyncio.run(world.ports.waker.wake(ID, event))


@pytest.fixture
def waiting(started):
    """Its next turn is in 15 s."""
    started.deliver(0)
    started.sent.clear()
    return started


def test_an_event_gives_the_watch_its_turn_at_once_and_fences_off_the_waiting_ticket(waiting):
    assert wake(waiting) is Woken.WOKEN

    assert waiting.sent == [(Ticket(ID, 2), AT_ONCE)]
    waiting.state = "success"
    waiting.deliver(1)
    assert len(waiting.asked) == 1
    waiting.deliver(2)
    assert waiting.row.outcome is Outcome.SUCCEEDED


def test_an_event_that_comes_before_the_status_knows_the_end_shortens_the_wait(waiting):
    for seq in range(1, 4):
        waiting.now = waiting.row.due
        waiting.deliver(seq)
    wake(waiting)

    waiting.deliver(waiting.row.seq)

    assert waiting.row.due == waiting.now + timedelta(seconds=15)


def test_an_event_wakes_once(waiting):
    wake(waiting)
    waiting.deliver(2)
    waiting.sent.clear()

    assert wake(waiting) is Woken.AGAIN

    assert (waiting.sent, waiting.row.seq) == ([], 3)


def test_an_event_that_comes_again_sends_the_ticket_that_was_left_unsent(waiting):
    async def fails(*_):
        raise TimeoutError

    with pytest.raises(TimeoutError):
        asyncio.run(replace(waiting.ports, send=fails).waker.wake(ID, "e"))

    assert wake(waiting) is Woken.WOKEN
    assert waiting.sent == [(Ticket(ID, 2), AT_ONCE)]


def test_an_event_that_comes_again_while_the_api_wants_to_be_left_alone_sends_nothing(waiting):
    """Replays would else heap up tickets, which the rate limit counts; if the first was lost, the timer finds it."""
    row = waiting.row
    until = row.due + timedelta(minutes=10)
    asyncio.run(waiting.store.commit(replace(row, due=until, not_before=until)))
    assert wake(waiting) is Woken.WOKEN
    waiting.sent.clear()

    assert wake(waiting) is Woken.AGAIN

    assert waiting.sent == []


def test_an_event_of_an_ended_watch_changes_nothing(waiting):
    stopped = waiting.stop()

    assert wake(waiting) is Woken.ENDED
    assert waiting.row == stopped


def test_an_event_of_a_job_without_a_watch_changes_nothing():
    world = World()

    assert wake(world) is Woken.UNWATCHED
    assert world.sent == []


def test_a_row_that_cannot_be_read_is_the_callers_matter(waiting):
    async def unreadable(_):
        raise Unreadable("Watches", ID, ["Seq"])

    waiting.store.load = unreadable

    with pytest.raises(Unreadable):
        wake(waiting)
    assert waiting.sent == []
