"""From the end of a watch to the answer of its receiver."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.callback import Attempt, event_id
from shared.core.model import Outcome, Ticket
from shared.engine.deliver import deliver
from shared.engine.ports import Conflict
from tests.builders import NOON, a_callback
from tests.memory import MemoryRows
from tests.unit.engine.world import ID, LATE

URL = "https://hooks.example.com/itwin"


class Receiver:
    """The engine's callback ports, and what went through them."""

    def __init__(self, world):
        self.world = world
        self.answer = Attempt()
        self.sent, self.posted, self.failed = [], [], []
        world.ports = replace(world.ports, send_callback=self._send, post=self._post, fail=self._fail)

    async def _send(self, ticket, delay):
        self.sent.append((ticket, delay))

    async def _post(self, url, message_id, body):
        self.posted.append((url, message_id, json.loads(body)))
        return self.answer

    async def _fail(self, callback):
        self.failed.append(callback)

    def deliver(self, ticket, message_id="m"):
        asyncio.run(deliver(self.world.ports.callback_sender, ticket, message_id))

    def deliver_with(self, ticket, **ports):
        asyncio.run(deliver(replace(self.world.ports, **ports).callback_sender, ticket, "m"))

    @property
    def row(self):
        (row,) = self.world.callbacks.rows.values()
        return row


@pytest.fixture
def receiver(world):
    return Receiver(world)


@pytest.fixture
def notified(world, receiver):
    """A watch with a callback has ended."""
    world.start(callback=URL)
    world.state = "success"
    world.deliver(0)
    return receiver


def test_an_end_inserts_the_callback_and_sends_its_first_ticket(world, notified):
    assert notified.row.id == event_id(world.row)
    assert (notified.row.watch_id, notified.row.outcome, notified.row.due) == (ID, Outcome.SUCCEEDED, NOON)
    assert notified.sent == [(Ticket(notified.row.id, 0), timedelta(0))]
    assert world.row.published


def test_a_watch_without_a_callback_has_no_row(world, receiver):
    world.start()
    world.state = "success"
    world.deliver(0)

    assert (world.callbacks.rows, receiver.sent) == ({}, [])


def test_an_end_that_is_published_again_keeps_its_callback(world, notified):
    """The first worker inserted it and died; in the meantime it may have been delivered."""
    notified.deliver(notified.sent[0][0])
    delivered = notified.row

    asyncio.run(world.ports.effects.act(replace(world.row, published=False)))

    assert notified.row == delivered
    assert notified.sent[1:] == [(Ticket(delivered.id, 0), timedelta(0))]
    notified.deliver(Ticket(delivered.id, 0), "another message")
    assert len(notified.posted) == 1


def test_an_attempt_posts_the_event_as_it_was_when_the_watch_ended(world, notified):
    world.start(restart=True)

    notified.deliver(Ticket(notified.row.id, 0))

    ((url, message_id, event),) = notified.posted
    assert (url, message_id) == (URL, notified.row.id)
    assert (event["id"], event["data"]["outcome"]) == (notified.row.id, "succeeded")
    assert (notified.row.result, notified.row.tries) == ("delivered", 1)
    assert len(notified.sent) == 1


def test_a_refused_attempt_sends_the_next_ticket(notified):
    notified.answer = Attempt("HTTP 500")

    notified.deliver(Ticket(notified.row.id, 0))

    assert (notified.row.error, notified.row.result) == ("HTTP 500", None)
    assert notified.sent[-1] == (Ticket(notified.row.id, 1), timedelta(seconds=5))


def test_a_ticket_that_comes_early_posts_nothing(notified):
    notified.answer = Attempt("HTTP 500")
    notified.deliver(Ticket(notified.row.id, 0))

    notified.deliver(Ticket(notified.row.id, 1), "early")

    assert len(notified.posted) == 1
    assert notified.sent[-1] == (Ticket(notified.row.id, 2), timedelta(seconds=5))


def test_a_callback_that_is_given_up_is_one_event(notified):
    notified.answer = Attempt("HTTP 410", final=True)

    notified.deliver(Ticket(notified.row.id, 0))
    notified.deliver(Ticket(notified.row.id, 0))

    assert [callback.result for callback in notified.failed] == ["failed"]
    assert len(notified.posted) == 1


def test_a_failure_that_could_not_be_announced_is_announced_by_a_round(world, notified):
    """Application Insights was away until the ticket was poison."""

    async def fail(_):
        raise TimeoutError("Application Insights")

    notified.answer = Attempt("HTTP 410", final=True)
    with pytest.raises(TimeoutError):
        notified.deliver_with(Ticket(notified.row.id, 0), fail=fail)
    assert (notified.row.result, notified.row.is_settled) == ("failed", False)
    world.now += LATE

    assert world.tend() == 0

    assert (len(notified.posted), len(notified.failed), notified.row.is_settled) == (1, 1, True)


def test_a_lost_answer_of_its_commit_posts_nothing_twice(world, receiver):
    """As with a watch: the row is read again, and says what this message owes."""

    class Forgetful(MemoryRows):
        async def commit(self, row):
            await super().commit(row)
            raise Conflict(row.id)

    rows = Forgetful()
    asyncio.run(rows.insert(a_callback()))
    world.ports = replace(world.ports, callbacks=rows)
    receiver.answer = Attempt("HTTP 500")

    receiver.deliver(Ticket(a_callback().id, 0))

    assert len(receiver.posted) == 1
    assert receiver.sent == [(Ticket(a_callback().id, 1), timedelta(seconds=5))]


def test_a_revival_whose_answer_was_lost_sends_its_ticket(world, notified):
    class ForgetfulRows(MemoryRows):
        async def commit(self, row):
            await super().commit(row)
            raise Conflict(row.id)

    forgetful = ForgetfulRows()
    forgetful.rows = world.callbacks.rows

    asyncio.run(replace(world.ports, callbacks=forgetful).callback_sender.revive(notified.row))

    assert notified.sent[1:] == [(Ticket(notified.row.id, 1), timedelta(0))]


def test_a_round_replaces_the_lost_ticket_of_a_callback(world, notified):
    world.now += LATE

    assert world.tend() == 0

    assert notified.sent[1:] == [(Ticket(notified.row.id, 1), timedelta(0))]


def test_a_round_deletes_a_settled_callback_after_the_retention(world, notified):
    notified.deliver(Ticket(notified.row.id, 0))
    world.now += timedelta(days=30)
    world.tend()
    assert len(world.callbacks.rows) == 1

    world.now += timedelta(seconds=1)
    world.tend()

    assert world.callbacks.rows == {}
