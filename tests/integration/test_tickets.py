"""Tickets on a real queue: as the Functions host expects them, and never early."""

import asyncio
import time
import xml.etree.ElementTree as ET
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4, uuid5

import pytest
from azure.storage.queue.aio import QueueClient
from hypothesis import given
from hypothesis import strategies as st

from shared.core.model import Ticket
from shared.core.remote import NAMESPACE
from shared.storage.tickets import EPOCH, TicketQueue, TicketQueues, place, to_grid
from tests.builders import NOON

TICKET = Ticket("0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55", 7)


def on_a_queue(azurite, scenario):
    """Runs a scenario with a ticket queue, as wired, and a plain client that sees messages as they are."""
    name = f"tickets-{uuid4().hex}"
    answers: list[Any] = []

    async def within():
        async with (
            QueueClient.from_connection_string(azurite, name, raw_response_hook=answers.append) as queue,
            QueueClient.from_connection_string(azurite, name) as plain,
        ):
            await plain.create_queue()
            return await scenario(TicketQueue(queue, lambda: datetime.now(UTC)), plain)

    return asyncio.run(within()), answers


def sent(azurite, delay):
    """What the service says of a ticket that was sent with this delay: how long it is hidden, and when it expires."""

    async def scenario(tickets, _):
        await tickets.send(TICKET, delay)

    _, (answer,) = on_a_queue(azurite, scenario)
    (message,) = ET.fromstring(answer.http_response.text())  # noqa: S314 -- Azurite's
    inserted, visible, expires = (
        parsedate_to_datetime(message.findtext(name, ""))
        for name in ("InsertionTime", "TimeNextVisible", "ExpirationTime")
    )
    return visible - inserted, expires, parse_qs(urlsplit(answer.http_request.url).query)


def test_a_ticket_is_plain_json_as_the_trigger_expects(azurite):
    async def scenario(tickets, plain):
        await tickets.send(TICKET, timedelta(0))
        return [message.content async for message in plain.receive_messages()]

    (text,), _ = on_a_queue(azurite, scenario)

    assert text == f'{{"id":"{TICKET.id}","seq":7}}'


@pytest.mark.parametrize(
    ("delay", "hidden"),
    [
        (timedelta(0), 0),
        (timedelta(microseconds=1), 1),
        (timedelta(seconds=1), 1),
        (timedelta(seconds=14, microseconds=1), 15),
        (timedelta(seconds=15), 15),
        (timedelta(hours=1, milliseconds=500), 3601),
        (timedelta(days=7, seconds=-1), 604_799),
        (timedelta(days=7), 604_800),
        (timedelta(days=7, microseconds=1), 604_800),
        (timedelta(days=8), 604_800),
        (timedelta.max, 604_800),
    ],
)
def test_a_delay_is_rounded_up_to_whole_seconds_and_to_seven_days_at_most(azurite, delay, hidden):
    wait, _, query = sent(azurite, delay)

    assert query["visibilitytimeout"] == [str(hidden)]
    assert wait == timedelta(seconds=hidden)


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(days=7)])
def test_a_ticket_never_expires(azurite, delay):
    _, expires, query = sent(azurite, delay)

    assert query["messagettl"] == ["-1"]
    assert expires.year == 9999


def test_a_ticket_is_not_visible_early(azurite):
    delay = timedelta(seconds=0.6)

    async def scenario(tickets, plain):
        began = time.monotonic()
        await tickets.send(TICKET, delay)
        while not await plain.peek_messages():
            assert time.monotonic() - began < 10
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    waited, _ = on_a_queue(azurite, scenario)

    assert waited >= delay.total_seconds()


def test_a_ticket_without_a_delay_is_visible_at_once(azurite):
    async def scenario(tickets, plain):
        await tickets.send(TICKET, timedelta(0))
        return len(await plain.peek_messages())

    assert on_a_queue(azurite, scenario)[0] == 1


@given(
    delay=st.timedeltas(timedelta(0), timedelta(days=30)),
    now=st.timedeltas(timedelta(0), timedelta(days=1)).map(lambda later: NOON + later),
    grid=st.integers(0, 60).map(lambda seconds: timedelta(seconds=seconds)),
)
def test_a_grid_makes_a_wait_longer_by_less_than_itself_and_never_shorter(delay, now, grid):
    wait = to_grid(delay, now, grid)

    assert delay <= wait < delay + max(grid, timedelta(microseconds=1))
    if delay and grid:
        assert (now + wait - EPOCH) % grid == timedelta(0)


def test_what_is_to_be_at_once_is_at_once_on_any_grid():
    assert to_grid(timedelta(0), NOON + timedelta(seconds=1), timedelta(seconds=15)) == timedelta(0)


def test_a_ticket_wakes_within_a_second_of_the_grid(azurite):
    """In whole seconds, as the queue wants them."""
    answers: list[Any] = []

    async def within():
        name = f"tickets-{uuid4().hex}"
        async with QueueClient.from_connection_string(azurite, name, raw_response_hook=answers.append) as queue:
            await queue.create_queue()
            tickets = TicketQueue(queue, lambda: NOON + timedelta(seconds=4.5), timedelta(seconds=15))
            await tickets.send(TICKET, timedelta(seconds=20))

    asyncio.run(within())

    assert parse_qs(urlsplit(answers[-1].http_request.url).query)["visibilitytimeout"] == ["26"]


def on_queues(azurite, count, scenario):
    """Runs a scenario with so many ticket queues that are not there yet, and their clients."""
    name = f"tickets-{uuid4().hex}"

    async def within():
        async with AsyncExitStack() as opened:
            queues = [
                await opened.enter_async_context(QueueClient.from_connection_string(azurite, f"{name}-{number}"))
                for number in range(count)
            ]
            return await scenario([TicketQueue(queue, lambda: datetime.now(UTC)) for queue in queues], queues)

    return asyncio.run(within())


async def watches_on(client):
    return {Ticket.from_json(message.content).id async for message in client.receive_messages()}


def test_the_tickets_of_a_watch_are_all_on_one_queue_which_is_made_when_needed(azurite):
    ids = [str(uuid4()) for _ in range(24)]

    async def scenario(queues, clients):
        several = TicketQueues(queues)
        for seq in (0, 1):
            for watch in ids:
                await several.send(Ticket(watch, seq), timedelta(0))
        assert await several.count() == 2 * len(ids)
        return [await watches_on(client) for client in clients]

    found = on_queues(azurite, 3, scenario)

    assert all(found)
    assert sum(map(len, found)) == len(ids) == len(set.union(*found))


def test_what_is_not_there_yet_counts_as_empty(azurite):
    async def scenario(queues, _):
        assert await TicketQueues(queues).count() == 0
        await queues[1].send(TICKET, timedelta(hours=1))
        assert await TicketQueues(queues).count() == 1

    on_queues(azurite, 3, scenario)


def test_two_who_make_a_queue_at_once_both_send(azurite):
    async def scenario(queues, clients):
        await asyncio.gather(*(queues[0].send(Ticket(f"w{number}", 0), timedelta(0)) for number in range(8)))
        return await watches_on(clients[0])

    assert on_queues(azurite, 1, scenario) == {f"w{number}" for number in range(8)}


@given(st.integers(1, 16), st.text(max_size=40))
def test_every_watch_has_a_place(places, watch_id):
    assert 0 <= place(watch_id, places) < places


@pytest.mark.parametrize("places", [2, 3, 16])
def test_places_are_taken_about_equally_often(places):
    ids = [str(uuid5(NAMESPACE, str(number))) for number in range(4000)]

    taken = Counter(place(watch, places) for watch in ids)

    assert len(taken) == places
    assert max(taken.values()) < 1.3 * 4000 / places


def test_a_place_is_the_same_in_every_process_and_release():
    """Or a rolling update would move watches for nothing; any answer would do, but this one is in use."""
    assert [place(TICKET.id, places) for places in (1, 2, 3, 4, 16)] == [0, 0, 1, 0, 12]
