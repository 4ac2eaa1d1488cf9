"""How the queue and the tables are reached, and what is said when they are not."""

import asyncio
import traceback
from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.core.model import Ticket
from shared.settings import Settings, SettingsError
from shared.storage.reach import unreachable
from shared.storage.tickets import TicketQueue
from shared.wiring import account_of, connect_queues, connect_tables
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
        account = account_of(known)
        queues, tables = connect_queues(account, known), connect_tables(account, known)
        try:
            return await scenario(queues, tables)
        finally:
            clients: list[Any] = [getattr(tables, field.name) for field in fields(tables)]
            for client in (*clients, *queues.tickets, queues.callback_tickets):
                await client.close()

    return asyncio.run(within())


def create(queues, tables):
    return {
        "tickets": queues.tickets[0].create_queue,
        "callback tickets": queues.callback_tickets.create_queue,
        "callbacks": tables.callbacks.create_table,
        "watches": tables.watches.create_table,
        "results": tables.results.create_table,
        "open": tables.open.create_table,
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

    async def scenario(queues, tables):
        for part, make in create(queues, tables).items():
            if part not in missing:
                await make()
        return await unreachable(queues, tables)

    assert on_storage(known, scenario) == [f"{names[part]} (ResourceNotFoundError)" for part in missing]


@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning:azure")  # Python 3.12 on
def test_further_queues_need_not_be_there_yet_but_must_be_within_reach(azurite):
    key = azurite.split("AccountKey=")[1].split(";")[0]
    known = settings(AzureWebJobsStorage=azurite, TICKETS_QUEUES="3")
    refused = settings(AzureWebJobsStorage=azurite.replace(key, "c2VjcmV0"), TICKETS_QUEUES="3")

    async def scenario(queues, tables):
        for make in create(queues, tables).values():
            await make()
        return await unreachable(queues, tables)

    assert on_storage(known, scenario) == []
    assert [name for name in on_storage(refused, unreachable) if f"{refused.tickets_queue}-2 " in name]


@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning:azure")  # Python 3.12 on
def test_a_key_that_the_account_does_not_take_is_named(azurite):
    key = azurite.split("AccountKey=")[1].split(";")[0]

    async def scenario(queues, tables):
        return len(await unreachable(queues, tables))

    assert on_storage(settings(AzureWebJobsStorage=azurite.replace(key, "c2VjcmV0")), scenario) == 6
    assert on_storage(settings(AzureWebJobsStorage=azurite.replace(key, "!no base64!")), scenario) == 6


#: The first three are refused by both SDKs.  That of the tables is stricter, and no function does without tables.
MALFORMED = [
    "s3cr3t",
    "AccountKey=s3cr3t",
    "https://account.queue.core.windows.net/?sig=s3cr3t",
    "AccountName=;AccountKey=s3cr3t",
    "AccountName=a;AccountKey=",
    "=s3cr3t;",
    ";;",
]


@pytest.mark.parametrize(
    ("connect", "connection_string"),
    [*((connect_tables, text) for text in MALFORMED), *((connect_queues, text) for text in MALFORMED[:3])],
)
def test_a_malformed_connection_string_is_named_and_not_repeated(connect, connection_string):
    known = settings(AzureWebJobsStorage=connection_string)
    with pytest.raises(SettingsError) as caught:
        connect(account_of(known), known)

    assert caught.value.problems == {"AzureWebJobsStorage": "is malformed: not a connection string"}
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_tickets_are_plain_json_as_the_trigger_expects(azurite):
    async def scenario(queues, _):
        (queue,) = queues.tickets
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

    async def scenario(queues, tables):
        return [client.url for client in (*queues.tickets, tables.watches, tables.results)]

    assert on_storage(known, scenario) == [
        f"{queues}/{known.tickets_queue}",
        tables,
        tables,
    ]
