"""Tickets on an Azure Storage queue, invisible until due."""

from __future__ import annotations

import math
from datetime import timedelta

from azure.storage.queue.aio import QueueClient

from shared.model import Ticket

#: "visibilitytimeout [...] cannot be larger than 7 days"; a ticket that comes early for that is sent on, not used.
#: https://learn.microsoft.com/rest/api/storageservices/put-message
LONGEST = timedelta(days=7)

#: The default is 7 days, and a ticket must outlast its own delay.
NEVER_EXPIRES = -1


class TicketQueue:
    """The send port, and the count of watches, on one queue."""

    def __init__(self, queue: QueueClient) -> None:
        self._queue = queue

    async def send(self, ticket: Ticket, delay: timedelta) -> None:
        """Send a ticket that becomes visible after `delay`: in whole seconds, so rounded up, since never early."""
        seconds = math.ceil(min(delay, LONGEST).total_seconds())
        await self._queue.send_message(ticket.to_json(), visibility_timeout=seconds, time_to_live=NEVER_EXPIRES)

    async def count(self) -> int:
        """About how many watches are in flight: each has one ticket, and the queue counts those still invisible.

        https://learn.microsoft.com/rest/api/storageservices/get-queue-metadata: "not lower than the actual number".
        """
        properties = await self._queue.get_queue_properties()
        return properties.approximate_message_count or 0
