"""The queues and the tables: how to reach them, and whether they can be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.data.tables.aio import TableClient
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from shared.settings import Settings, SettingsError

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

    tickets: QueueClient
    callbacks: QueueClient
    watches: TableClient
    results: TableClient
    open: TableClient
    answers: TableClient
    gates: TableClient  #: made when it is first needed, so not among those that must answer

    async def unreachable(self) -> list[str]:
        """Read each once, and name those that do not answer."""
        tables = (self.watches, self.results, self.open, self.answers)
        reads: dict[str, Awaitable[Any]] = {
            f"the queue {queue.queue_name}": queue.get_queue_properties() for queue in (self.tickets, self.callbacks)
        }
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
    queue: dict[str, Any] = {
        # The Functions trigger expects base64 (host.json's messageEncoding); the SDK's default is plain text.
        "message_encode_policy": TextBase64EncodePolicy(),
        **QUEUE_RETRIES,
        **TIMEOUTS,
        **TRANSPORT,
    }
    table: dict[str, Any] = {**TABLE_RETRIES, **TIMEOUTS, **TRANSPORT}
    if settings.storage:
        secret = settings.storage.get_secret_value()
        try:
            return Storage(
                QueueClient.from_connection_string(secret, settings.tickets_queue, **queue),
                QueueClient.from_connection_string(secret, callbacks_queue(settings), **queue),
                TableClient.from_connection_string(secret, settings.watches_table, **table),
                TableClient.from_connection_string(secret, settings.results_table, **table),
                TableClient.from_connection_string(secret, settings.open_table, **table),
                TableClient.from_connection_string(secret, settings.answers_table, **table),
                TableClient.from_connection_string(secret, settings.gates_table, **table),
            )
        except ValueError:
            raise SettingsError({"AzureWebJobsStorage": "is malformed: not a connection string"}) from None
    identity = _identity(settings)
    account = settings.storage_account
    tables = f"https://{account}.table.core.windows.net"
    queues = f"https://{account}.queue.core.windows.net"
    return Storage(
        QueueClient(queues, settings.tickets_queue, identity, **queue),
        QueueClient(queues, callbacks_queue(settings), identity, **queue),
        TableClient(tables, settings.watches_table, credential=identity, **table),
        TableClient(tables, settings.results_table, credential=identity, **table),
        TableClient(tables, settings.open_table, credential=identity, **table),
        TableClient(tables, settings.answers_table, credential=identity, **table),
        TableClient(tables, settings.gates_table, credential=identity, **table),
    )


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
