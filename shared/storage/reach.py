"""Whether storage responds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueClient

from shared.storage.queues import Queues
from shared.storage.tables import Tables


async def unreachable(queues: Queues, tables: Tables) -> list[str]:
    """Read each queue and table once, and return the names of those that fail."""
    first, *others = queues.tickets
    reads: dict[str, Awaitable[Any]] = {
        f"the queue {queue.queue_name}": queue.get_queue_properties() for queue in (first, queues.callback_tickets)
    }
    reads |= {f"the queue {queue.queue_name}": _read_if_there(queue) for queue in others}
    needed = (tables.watches, tables.results, tables.open, tables.callbacks)  # the gates may not be there yet
    reads |= {f"the table {table.table_name}": _read(table) for table in needed}
    answers = await asyncio.gather(*reads.values(), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, AzureError):
            raise answer
    return [
        f"{name} ({type(answer).__name__})"
        for name, answer in zip(reads, answers, strict=True)
        if isinstance(answer, AzureError)
    ]


async def _read(table: TableClient) -> None:
    async for _ in table.list_entities(results_per_page=1):
        return


async def _read_if_there(queue: QueueClient) -> None:
    with suppress(ResourceNotFoundError):
        await queue.get_queue_properties()
