"""The crash-safety protocol, on a watch."""

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.decide import stop
from shared.core.model import Outcome, Ticket
from shared.core.remote import Response
from shared.engine.deliver import deliver, receive
from shared.engine.one_at_a_time import OneAtATime
from shared.engine.ports import Conflict
from tests.memory import MemoryWatches
from tests.unit.engine.world import ID


def test_a_ticket_of_another_turn_does_nothing(started):
    started.deliver(0, "m")
    before, sent = started.row, list(started.sent)
    started.now += timedelta(minutes=1)

    started.deliver(0, "a duplicate")
    started.deliver(7, "from nowhere")

    assert (started.row, started.sent, len(started.asked)) == (before, sent, 1)


def test_a_message_that_comes_again_redoes_its_effect_but_not_its_step(started):
    started.deliver(0)

    started.deliver(0)

    assert (started.row.seq, len(started.asked)) == (1, 1)
    assert started.sent == [(Ticket(ID, 1), timedelta(seconds=15))] * 2


def someone_else_steps(world, stepped_by):
    """Move the row while it asks."""

    async def fetch(*_):
        row = world.store.rows[ID]
        await world.store.commit(replace(row, seq=row.seq + 1, stepped_by=stepped_by))
        return Response(200, body=b'{"progress": {"state": "active"}}')

    world.ports = replace(world.ports, fetch=fetch)


def test_a_swap_that_another_message_won_owes_nothing(started):
    someone_else_steps(started, "other")

    started.deliver(0, "m")

    assert (started.row.seq, started.sent) == (1, [])


def test_a_swap_that_this_message_won_already_is_acted_on(started):
    """Another worker took this message's step and may have died; or it is our own write, whose answer was lost."""
    someone_else_steps(started, "m")

    started.deliver(0, "m")

    assert started.sent == [(Ticket(ID, 1), timedelta(0))]


def test_a_swap_that_a_stop_won_is_published(started):
    async def fetch(*_):
        row = started.store.rows[ID]
        await started.store.commit(stop(row, started.now))
        return Response(200, body=b'{"progress": {"state": "active"}}')

    started.ports = replace(started.ports, fetch=fetch)
    started.deliver(0)

    assert (started.row.outcome, started.row.published) == (Outcome.STOPPED, True)


def test_a_swap_of_a_row_that_is_gone_ends_quietly(started):
    async def fetch(*_):
        del started.store.rows[ID]
        return Response(200, body=b'{"progress": {"state": "active"}}')

    started.ports = replace(started.ports, fetch=fetch)
    started.deliver(0)

    assert started.sent == []


def test_a_swap_that_nobody_won_raises_so_that_the_message_comes_back(started):
    class Refusing(MemoryWatches):
        async def commit(self, watch):
            raise Conflict(watch.id)

    refusing = Refusing()
    refusing.rows = started.store.rows

    with pytest.raises(Conflict):
        asyncio.run(deliver(replace(started.ports, watches=refusing).poller, Ticket(ID, 0), "m"))

    assert (started.row.seq, started.sent) == (0, [])


def test_a_ticket_without_a_row_ends_quietly(world):
    asyncio.run(deliver(world.ports.poller, Ticket("nobody", 0), "m"))

    assert (world.asked, world.sent) == ([], [])
    assert world.rejected == [("no such row", '{"id":"nobody","seq":0}')]


def test_a_message_that_is_no_ticket_is_reported_and_dropped(world):
    asyncio.run(receive(world.ports.poller, b"\x00<script>" + b"x" * 500, "m"))

    ((why, excerpt),) = world.rejected
    assert why == "not a ticket"
    assert excerpt.startswith("?<script>xxx")
    assert len(excerpt) == 100


def test_no_ticket_moves_an_ended_watch_whatever_its_number(started):
    """None is ever sent with the number of an ended row; but anyone may write to a queue."""
    ended = started.stop()

    started.deliver(ended.seq, "forged")

    assert started.row == ended
    assert started.asked == []


def test_two_deliveries_of_one_ticket_in_one_process_ask_once(started):
    async def slow(request, _):
        started.asked.append(request)
        await asyncio.sleep(0.01)
        return Response(200, body=b'{"progress": {"state": "active"}}')

    poller, body = replace(started.ports, fetch=slow, lock=OneAtATime()).poller, Ticket(ID, 0).to_json().encode()

    async def scenario():
        await asyncio.gather(*(receive(poller, body, message_id) for message_id in "ab"))

    asyncio.run(scenario())

    assert len(started.asked) == 1
    assert (started.row.seq, len(started.sent)) == (1, 1)


def test_other_watches_are_not_held_up():
    async def scenario():
        lock = OneAtATime()
        async with lock("a"), lock("b"):
            return len(lock._locks)

    assert asyncio.run(asyncio.wait_for(scenario(), 5)) == 2


@pytest.mark.parametrize("moved", [True, False])
def test_a_publication_that_another_one_finished_comes_back_only_if_nobody_did(started, moved):
    """A restart moves the row on; otherwise the swap was lost to nothing that is known."""
    started.state = "success"
    commit = started.store.commit

    async def loses(row):
        if not row.published:
            return await commit(row)
        if moved:
            published = await commit(row)
            await commit(replace(published, seq=row.seq + 1, end=None, published=False))
        raise Conflict(row.id)

    started.store.commit = loses
    with nullcontext() if moved else pytest.raises(Conflict):
        started.deliver(0)

    assert [watch.outcome for watch in started.announced] == [Outcome.SUCCEEDED]
