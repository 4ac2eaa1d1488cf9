"""How the queue and the tables are reached, and what is said when they are not."""

import asyncio
import traceback
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.core.model import Ticket
from shared.settings import Settings, SettingsError
from shared.storage.tickets import TicketQueue
from shared.wiring import connect
from tests.builders import NOON


def settings(**env):
    unique = uuid4().hex
    return Settings.from_env(
        {
            "ITWIN_CLIENT_ID": "c",
            "ITWIN_CLIENT_SECRET": "s",
            "TICKETS_QUEUE": f"tickets-{unique}",
            "WATCHES_TABLE": f"Watches{unique}",
            "RESULTS_TABLE": f"Results{unique}",
            "OPEN_TABLE": f"Open{unique}",
            "CALLBACKS_TABLE": f"Callbacks{unique}",
            **env,
        }
    )


def on_storage(known, scenario):
    async def within():
        storage = connect(known)
        try:
            return await scenario(storage)
        finally:
            clients: list[Any] = [
                *storage.tickets,
                storage.callback_tickets,
                storage.callbacks,
                storage.watches,
                storage.results,
                storage.open,
            ]
            for client in clients:
                await client.close()

    return asyncio.run(within())


def create(storage):
    return {
        "tickets": storage.tickets[0].create_queue,
        "callback tickets": storage.callback_tickets.create_queue,
        "callbacks": storage.callbacks.create_table,
        "watches": storage.watches.create_table,
        "results": storage.results.create_table,
        "open": storage.open.create_table,
    }


@pytest.mark.parametrize(
    "missing",
    [
        (),
        ("tickets",),
        ("callback tickets",),
        ("callbacks",),
        ("watches",),
        ("results",),
        ("open",),
        ("tickets", "callback tickets", "watches", "results", "open", "callbacks"),
    ],
)
def test_what_is_missing_is_named(azurite, missing):
    known = settings(AzureWebJobsStorage=azurite)
    names = {
        "tickets": f"the queue {known.tickets_queue}",
        "callback tickets": f"the queue {known.tickets_queue}-callbacks",
        "watches": f"the table {known.watches_table}",
        "results": f"the table {known.results_table}",
        "open": f"the table {known.open_table}",
        "callbacks": f"the table {known.callbacks_table}",
    }

    async def scenario(storage):
        for part, make in create(storage).items():
            if part not in missing:
                await make()
        return await storage.unreachable()

    assert on_storage(known, scenario) == [f"{names[part]} (ResourceNotFoundError)" for part in missing]


@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning:azure")  # Python 3.12 on
def test_further_queues_need_not_be_there_yet_but_must_be_within_reach(azurite):
    key = azurite.split("AccountKey=")[1].split(";")[0]
    known = settings(AzureWebJobsStorage=azurite, TICKETS_QUEUES="3")
    refused = settings(AzureWebJobsStorage=azurite.replace(key, "c2VjcmV0"), TICKETS_QUEUES="3")

    async def scenario(storage):
        for make in create(storage).values():
            await make()
        return await storage.unreachable()

    async def unreachable(storage):
        return await storage.unreachable()

    assert on_storage(known, scenario) == []
    assert [name for name in on_storage(refused, unreachable) if f"{refused.tickets_queue}-2 " in name]


@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning:azure")  # Python 3.12 on
def test_a_key_that_the_account_does_not_take_is_named(azurite):
    key = azurite.split("AccountKey=")[1].split(";")[0]

    async def scenario(storage):
        return len(await storage.unreachable())

    assert on_storage(settings(AzureWebJobsStorage=azurite.replace(key, "c2VjcmV0")), scenario) == 6
    assert on_storage(settings(AzureWebJobsStorage=azurite.replace(key, "!no base64!")), scenario) == 6


@pytest.mark.parametrize(
    "connection_string",
    [
        "s3cr3t",
        "AccountKey=s3cr3t",
        "AccountName=;AccountKey=s3cr3t",
        "AccountName=a;AccountKey=",
        "=s3cr3t;",
        ";;",
        "https://account.queue.core.windows.net/?sig=s3cr3t",
    ],
)
def test_a_malformed_connection_string_is_named_and_not_repeated(connection_string):
    with pytest.raises(SettingsError) as caught:
        connect(settings(AzureWebJobsStorage=connection_string))

    assert caught.value.problems == {"AzureWebJobsStorage": "is malformed: not a connection string"}
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_tickets_are_plain_json_as_the_trigger_expects(azurite):
    async def scenario(storage):
        (queue,) = storage.tickets
        await TicketQueue(queue, lambda: NOON).send(Ticket("w", 1), timedelta(0))
        return [message.content async for message in queue.receive_messages()]

    (text,) = on_storage(settings(AzureWebJobsStorage=azurite), scenario)

    assert text == '{"id":"w","seq":1}'


QUEUE_URI, TABLE_URI = "AzureWebJobsStorage__queueServiceUri", "AzureWebJobsStorage__tableServiceUri"


@pytest.mark.parametrize("identity", [{}, {"AzureWebJobsStorage__clientId": "11111111-2222-3333-4444-555555555555"}])
@pytest.mark.parametrize(
    ("given", "queues", "tables"),
    [
        (
            {"AzureWebJobsStorage__accountName": "account1"},
            "https://account1.queue.core.windows.net",
            "https://account1.table.core.windows.net",
        ),
        (  # with the slash at the end that Azure writes, in another cloud
            {
                QUEUE_URI: "https://a1.queue.core.chinacloudapi.cn/",
                TABLE_URI: "https://a1.table.core.chinacloudapi.cn/",
            },
            "https://a1.queue.core.chinacloudapi.cn",
            "https://a1.table.core.chinacloudapi.cn",
        ),
        (  # the name wins, as in the host
            {"AzureWebJobsStorage__accountName": "account1", TABLE_URI: "https://a2.table.core.windows.net"},
            "https://account1.queue.core.windows.net",
            "https://account1.table.core.windows.net",
        ),
    ],
    ids=["by-name", "by-uris", "by-both"],
)
def test_storage_is_reached_as_the_apps_identity(given, queues, tables, identity):
    known = settings(**given, **identity)

    async def scenario(storage):
        return [client.url for client in (*storage.tickets, storage.watches, storage.results)]

    assert on_storage(known, scenario) == [
        f"{queues}/{known.tickets_queue}",
        tables,
        tables,
    ]
