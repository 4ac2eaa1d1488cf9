"""Tickets that are lost, broken, or failed for good: nothing disappears silently, and no watch stays behind."""

import asyncio
import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from azure.data.tables.aio import TableClient
from azure.storage.queue import QueueClient

from local.parts.stack import QUEUE, WATCHES
from local.trials.scenario import reporting
from shared.apis import APIS
from shared.core.remote import watch_id
from shared.storage.watches import TableWatches
from tests.builders import a_watch


@pytest.fixture
def queues(parts):
    """Clients of the queue and of its poison queue."""
    with ExitStack() as opened:
        yield [
            opened.enter_context(QueueClient.from_connection_string(parts.storage, name))
            for name in (QUEUE, f"{QUEUE}-poison")
        ]


@pytest.fixture
def events(platform):
    """The events of a name whose properties agree with what is given, once there are any."""

    def of(name, **like):
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up:
            found = [
                envelope["data"]["baseData"]["properties"]
                for envelope in platform.get("/events").json()["events"]
                if envelope["data"]["baseData"]["name"] == name
            ]
            if found := [properties for properties in found if like.items() <= properties.items()]:
                return found
            time.sleep(0.2)
        raise AssertionError(f"no {name} with {like}")

    return of


@pytest.mark.parametrize("poisoned", [False, True])
def test_a_message_that_is_no_ticket_is_reported(queues, events, poisoned):
    marker = uuid4().hex

    queues[poisoned].send_message(f"<{marker}>\u200b" + "x" * 5000)

    (rejected,) = events("TicketRejected", excerpt=f"<{marker}>?" + "x" * 64 + "…")
    assert rejected["reason"] == "not a ticket"


@pytest.mark.parametrize("poisoned", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "not base64 !! {}",
        "//79/Pv6 {}",  # bytes that are no UTF-8, in base64
        '["{}", 1]',
        '{{"id": "{}", "seq": 0, "more": 1}}',
        "\N{ROCKET} <xml>& {}",
    ],
)
def test_every_message_reaches_a_function(queues, events, poisoned, text):
    """The host gives a message that it cannot decode to no function: on a poison queue nobody would ever see it."""
    text = text.format(uuid4())

    queues[poisoned].send_message(text)

    assert events("TicketRejected", excerpt=text) == [{"reason": "not a ticket", "excerpt": text}]
    assert text not in [message.content for message in queues[1].peek_messages(max_messages=32)]


def test_an_empty_message_is_reported_too(queues, events):
    for queue in queues:
        queue.send_message("")

    while len(events("TicketRejected", excerpt="")) < len(queues):
        time.sleep(0.2)


def test_a_ticket_without_a_watch_is_reported(queues, events):
    text = json.dumps({"id": str(uuid4()), "seq": 3}, separators=(",", ":"))

    queues[0].send_message(text)

    (rejected,) = events("TicketRejected", excerpt=text)
    assert rejected["reason"] == "no such row"


def test_a_poisoned_ticket_gives_its_watch_another_turn_and_is_told(stranded, queues, ended, events):
    watch_id = stranded(ago=timedelta(0))

    queues[1].send_message(json.dumps({"id": watch_id, "seq": 0}))

    assert ended(watch_id)["outcome"] == "succeeded"
    assert events("TicketPoisoned", watchId=watch_id) == [{"watchId": watch_id, "api": "reporting"}]


def test_a_watch_whose_ticket_was_lost_is_found_and_given_another(stranded, app, parts, ended):
    watch_id = stranded(ago=timedelta(minutes=1))  # more than the grace of five minutes, of which here is a twentieth

    tending = app.post(f"{parts.url}/admin/functions/tend_watches", json={})

    assert tending.status_code == 202
    assert ended(watch_id)["outcome"] == "succeeded"


@pytest.fixture
def stranded(parts, platform):
    """Make a watch that was due some time ago and has no ticket; gives its id."""

    def make(ago):
        job = reporting(f"job {uuid4()}", [{"body": {"status": {"state": "Succeeded"}}}], "succeeded")
        platform.post("/jobs", json={"path": job.path, "script": job.script})
        due = datetime.now(UTC) - ago
        watch = a_watch(
            id=watch_id(APIS[job.api], job.ids),
            api=job.api,
            job=job.ids,
            started_at=due,
            deadline=due + timedelta(days=1),
            due=due,
            not_before=due,
        )

        async def insert():
            async with TableClient.from_connection_string(parts.storage, WATCHES) as table:
                await TableWatches(table, APIS).insert(watch)

        asyncio.run(insert())
        return watch.id

    return make
