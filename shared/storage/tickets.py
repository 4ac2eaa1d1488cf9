"""Tickets on Azure Storage queues, invisible until due."""

from __future__ import annotations

import asyncio
import math
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from shared.core.model import Ticket

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

#: "visibilitytimeout [...] cannot be larger than 7 days"; a ticket that arrives early because of it is sent again.
#: https://learn.microsoft.com/rest/api/storageservices/put-message
LONGEST = timedelta(days=7)

#: The default is 7 days, and a ticket must outlast its own delay.
NEVER_EXPIRES = -1

EPOCH = datetime.fromtimestamp(0, UTC)


class TicketQueue:
    """The send port, and the count of watches, on one queue.  The queue is created when first needed."""

    def __init__(self, queue: QueueClient, now: Callable[[], datetime], grid: timedelta = timedelta(0)) -> None:
        """`grid`: delays are rounded up to the next multiple of it since 1970; zero: no rounding."""
        self._queue = queue
        self._grid = grid
        self._now = now

    async def send(self, ticket: Ticket, delay: timedelta) -> None:
        """Send a ticket that becomes visible after `delay`, rounded up to whole seconds: never early."""
        wait = to_grid(delay, self._now(), self._grid)
        seconds = math.ceil(min(wait, LONGEST).total_seconds())
        try:
            await self._put(ticket, seconds)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):  # another process created it meanwhile
                await self._queue.create_queue()
            await self._put(ticket, seconds)

    async def count(self) -> int:
        """Return the approximate number of watches in flight: each has one ticket, and invisible tickets count too.

        https://learn.microsoft.com/rest/api/storageservices/get-queue-metadata: "not lower than the actual number".
        """
        try:
            properties = await self._queue.get_queue_properties()
        except ResourceNotFoundError:
            return 0
        return properties.approximate_message_count or 0

    async def _put(self, ticket: Ticket, seconds: int) -> None:
        await self._queue.send_message(ticket.to_json(), visibility_timeout=seconds, time_to_live=NEVER_EXPIRES)


class TicketQueues:
    """The same on several queues: a watch's id determines the queue of its tickets.

    When queues are added, a watch may change its queue.  Tickets under way arrive where they were sent, and the next
    ones go to the new queue: tickets do not record their queue.
    """

    def __init__(self, queues: Sequence[TicketQueue]) -> None:
        self._queues = queues

    async def send(self, ticket: Ticket, delay: timedelta) -> None:
        """Send a ticket that becomes visible after `delay`."""
        await self._queues[place(ticket.id, len(self._queues))].send(ticket, delay)

    async def count(self) -> int:
        """Return the approximate number of watches in flight."""
        return sum(await asyncio.gather(*(queue.count() for queue in self._queues)))


def place(watch_id: str, places: int) -> int:
    """Return the number of the queue of a watch: deterministic and evenly distributed.

    >>> [place("2ab5a2a0-6f5c-5d0e-8a35-3f1f0a6f5a0e", places) for places in (1, 2, 3)]
    [0, 1, 2]
    """
    return zlib.crc32(watch_id.encode()) % places


def to_grid(delay: timedelta, now: datetime, grid: timedelta) -> timedelta:
    """Round a delay up to the next grid point, so that watches wake together.  A delay of zero stays zero.

    Azure bills at least one second per wake-up of an instance (docs/scale.md).

    >>> to_grid(timedelta(seconds=20), EPOCH + timedelta(seconds=3), timedelta(seconds=15))
    datetime.timedelta(seconds=27)
    """
    if not grid or delay <= timedelta(0):
        return delay
    return delay + (EPOCH - now - delay) % grid
