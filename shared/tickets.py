"""Tickets on an Azure Storage queue, invisible until due."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from azure.storage.queue.aio import QueueClient

from shared.model import Ticket

#: "visibilitytimeout [...] cannot be larger than 7 days"; a ticket that comes early for that is sent on, not used.
#: https://learn.microsoft.com/rest/api/storageservices/put-message
LONGEST = timedelta(days=7)

#: The default is 7 days, and a ticket must outlast its own delay.
NEVER_EXPIRES = -1

EPOCH = datetime.fromtimestamp(0, UTC)


class TicketQueue:
    """The send port, and the count of watches, on one queue."""

    def __init__(
        self, queue: QueueClient, grid: timedelta = timedelta(0), now: Callable[[], datetime] = lambda: EPOCH
    ) -> None:
        """`grid`: what waits, waits until the next of these, counted from 1970; zero for no longer than it must."""
        self._queue = queue
        self._grid = grid
        self._now = now

    async def send(self, ticket: Ticket, delay: timedelta) -> None:
        """Send a ticket that becomes visible after `delay`: in whole seconds, so rounded up, since never early."""
        wait = to_grid(delay, self._now(), self._grid)
        seconds = math.ceil(min(wait, LONGEST).total_seconds())
        await self._queue.send_message(ticket.to_json(), visibility_timeout=seconds, time_to_live=NEVER_EXPIRES)

    async def count(self) -> int:
        """About how many watches are in flight: each has one ticket, and the queue counts those still invisible.

        https://learn.microsoft.com/rest/api/storageservices/get-queue-metadata: "not lower than the actual number".
        """
        properties = await self._queue.get_queue_properties()
        return properties.approximate_message_count or 0


def to_grid(delay: timedelta, now: datetime, grid: timedelta) -> timedelta:
    """Lengthen a wait to the next point of a grid, so that watches wake together; what is to be at once stays so.

    An instance is billed for a second whenever it wakes (docs/scale.md).

    >>> to_grid(timedelta(seconds=20), EPOCH + timedelta(seconds=3), timedelta(seconds=15))
    datetime.timedelta(seconds=27)
    """
    if not grid or delay <= timedelta(0):
        return delay
    return delay + (EPOCH - now - delay) % grid
