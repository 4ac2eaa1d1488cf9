"""Clients of the queues and the tables, and their health check."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueClient

#: Seconds, as the SDKs expect.  The queue SDK's default first retry waits 15 s, longer than a whole turn should take;
#: these settings wait about 0.5, 2 and 2.8 s.
QUEUE_RETRIES: dict[str, Any] = {
    "initial_backoff": 0.5,
    "increment_base": 1.5,
    "random_jitter_range": 0.5,
    "retry_total": 3,
}
TABLE_RETRIES: dict[str, Any] = {"retry_backoff_factor": 0.5, "retry_backoff_max": 4, "retry_total": 3}
TIMEOUTS: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 10}

#: Without this each request searches for a proxy, and for its password in .netrc, in two extra threads.  No proxy leads
#: to the endpoint of a managed identity.
TRANSPORT: dict[str, Any] = {"use_env_settings": False}

_QUEUES: dict[str, Any] = {**QUEUE_RETRIES, **TIMEOUTS, **TRANSPORT}
_TABLES: dict[str, Any] = {**TABLE_RETRIES, **TIMEOUTS, **TRANSPORT}


@dataclass(frozen=True, slots=True)
class Storage:
    """One client per queue and table, kept for the life of the process."""

    tickets: Sequence[QueueClient]  #: those after the first are created when first needed
    callback_tickets: QueueClient
    watches: TableClient
    results: TableClient
    open: TableClient
    callbacks: TableClient
    gates: TableClient  #: created when first needed, so not part of the health check

    async def unreachable(self) -> list[str]:
        """Read each once, and return the names of those that fail."""
        first, *others = self.tickets
        reads: dict[str, Awaitable[Any]] = {
            f"the queue {queue.queue_name}": queue.get_queue_properties() for queue in (first, self.callback_tickets)
        }
        reads |= {f"the queue {queue.queue_name}": _read_if_there(queue) for queue in others}
        tables = (self.watches, self.results, self.open, self.callbacks)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of queues and tables."""

    tickets: Sequence[str]
    callback_tickets: str
    watches: str
    results: str
    open: str
    callbacks: str
    gates: str


def by_connection_string(secret: str, names: Names) -> Storage:
    """Connect with a key; raises ValueError unless `secret` is a connection string."""
    queue = partial(QueueClient.from_connection_string, secret, **_QUEUES)
    table = partial(TableClient.from_connection_string, secret, **_TABLES)
    return _opened(queue, table, names)


def by_identity(queues: str, tables: str, client_id: str | None, names: Names) -> Storage:
    """Connect to services by URI, as the user-assigned identity of that client id, or with the default credential."""
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential  # noqa: PLC0415 -- a second's worth

    credential = partial(ManagedIdentityCredential, client_id=client_id) if client_id else DefaultAzureCredential
    identity = credential(**TRANSPORT)
    queue = partial(QueueClient, queues, credential=identity, **_QUEUES)
    table = partial(TableClient, tables, credential=identity, **_TABLES)
    return _opened(queue, table, names)


def _opened(queue: Callable[[str], QueueClient], table: Callable[[str], TableClient], names: Names) -> Storage:
    return Storage(
        tickets=[queue(name) for name in names.tickets],
        callback_tickets=queue(names.callback_tickets),
        watches=table(names.watches),
        results=table(names.results),
        open=table(names.open),
        callbacks=table(names.callbacks),
        gates=table(names.gates),
    )


async def _read(table: TableClient) -> None:
    async for _ in table.list_entities(results_per_page=1):
        return


async def _read_if_there(queue: QueueClient) -> None:
    with suppress(ResourceNotFoundError):
        await queue.get_queue_properties()
