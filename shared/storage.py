"""The queues and the tables: how to reach them, and whether they can be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables.aio import TableClient
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.queue.aio import QueueClient

from shared.settings import Settings, SettingsError, queue_name

#: Seconds, as the SDKs want them.  The queue's own first retry would wait 15 s, longer than a whole turn should take;
#: with these they wait about 0.5, 2 and 2.8 s.
QUEUE_RETRIES: dict[str, Any] = {
    "initial_backoff": 0.5,
    "increment_base": 1.5,
    "random_jitter_range": 0.5,
    "retry_total": 3,
}
TABLE_RETRIES: dict[str, Any] = {"retry_backoff_factor": 0.5, "retry_backoff_max": 4, "retry_total": 3}
TIMEOUTS: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 10}

#: Without this each request looks for a proxy, and for its password in .netrc, in two threads of its own.
TRANSPORT: dict[str, Any] = {"use_env_settings": False}


@dataclass(frozen=True, slots=True)
class Storage:
    """One client each, kept for the process's life."""

    tickets: Sequence[QueueClient]  #: those after the first are made when they are first needed
    callbacks: QueueClient
    watches: TableClient
    results: TableClient
    open: TableClient
    answers: TableClient
    gates: TableClient  #: made when it is first needed, so not among those that must answer

    async def unreachable(self) -> list[str]:
        """Read each once, and name those that do not answer."""
        first, *others = self.tickets
        reads: dict[str, Awaitable[Any]] = {
            f"the queue {queue.queue_name}": queue.get_queue_properties() for queue in (first, self.callbacks)
        }
        reads |= {f"the queue {queue.queue_name}": _read_if_there(queue) for queue in others}
        tables = (self.watches, self.results, self.open, self.answers)
        reads |= {f"the table {table.table_name}": _read(table) for table in tables}
        answers = await asyncio.gather(*reads.values(), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, AzureError):
                raise answer
        return [
            f"{name} ({type(answer).__name__})"
            for name, answer in zip(reads, answers, strict=True)
            if isinstance(answer, AzureError)
        ]


def connect(settings: Settings) -> Storage:
    """By connection string where there is one, else as the app's managed identity; raises `SettingsError`."""
    of_queues: dict[str, Any] = {
        **QUEUE_RETRIES,
        **TIMEOUTS,
        **TRANSPORT,
    }
    of_tables: dict[str, Any] = {**TABLE_RETRIES, **TIMEOUTS, **TRANSPORT}
    queue: Callable[[str], QueueClient]
    table: Callable[[str], TableClient]
    if settings.storage:
        secret = settings.storage.get_secret_value()
        queue = partial(QueueClient.from_connection_string, secret, **of_queues)
        table = partial(TableClient.from_connection_string, secret, **of_tables)
    else:
        identity, account = _identity(settings), settings.storage_account
        queue_service = f"https://{account}.queue.core.windows.net"
        table_service = f"https://{account}.table.core.windows.net"
        queue = partial(QueueClient, queue_service, credential=identity, **of_queues)
        table = partial(TableClient, table_service, credential=identity, **of_tables)
    try:
        return Storage(
            tickets=[queue(queue_name(settings.tickets_queue, number)) for number in range(settings.tickets_queues)],
            callbacks=queue(callbacks_queue(settings)),
            watches=table(settings.watches_table),
            results=table(settings.results_table),
            open=table(settings.open_table),
            answers=table(settings.answers_table),
            gates=table(settings.gates_table),
        )
    except ValueError:
        raise SettingsError({"AzureWebJobsStorage": "is malformed: not a connection string"}) from None


def callbacks_queue(settings: Settings) -> str:
    """Name the queue of callbacks, as the trigger does."""
    return f"{settings.tickets_queue}-callbacks"


def _identity(settings: Settings) -> AsyncTokenCredential:
    """The user-assigned identity if we are told which, else whatever the machine offers."""
    if settings.storage_client_id:
        return ManagedIdentityCredential(client_id=settings.storage_client_id)
    return DefaultAzureCredential()


async def _read(table: TableClient) -> None:
    async for _ in table.list_entities(results_per_page=1):
        return


async def _read_if_there(queue: QueueClient) -> None:
    with suppress(ResourceNotFoundError):
        await queue.get_queue_properties()
