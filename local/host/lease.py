"""Renews a message's lease while its function runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from azure.core.exceptions import AzureError

from local.host.queues import LeasedQueue, Message, TakenOverError, brief

_log = logging.getLogger(__name__)

_SOONEST_RETRY = timedelta(minutes=1)


@asynccontextmanager
async def kept(queue: LeasedQueue, message: Message) -> AsyncIterator[None]:
    """Renew the lease at half time, repeatedly, during the block.

    The end of the block waits for a renewal under way, because it changes the receipt that deletes the message.
    QueueListener.cs, CreateUpdateMessageVisibilityTimer.
    """
    over = asyncio.Event()
    renewing = asyncio.create_task(_renew(queue, message, over))
    try:
        yield
    finally:
        over.set()
        await renewing


async def _renew(queue: LeasedQueue, message: Message, over: asyncio.Event) -> None:
    half = wait = queue.lease / 2
    while not await _within(wait, over):
        try:
            await queue.renew(message)
        except TakenOverError as lost:
            _log.warning("%s; it may run twice", lost)
            return
        except AzureError as error:
            _log.warning("the lease of message %s of %s could not be renewed: %s", message.id, queue.name, brief(error))
            wait = min(half, max(wait / 2, _SOONEST_RETRY))  # LinearSpeedupStrategy.cs
        else:
            wait = half


async def _within(span: timedelta, event: asyncio.Event) -> bool:
    """Return whether the event is set within that time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(span.total_seconds()):
            await event.wait()
    return event.is_set()
