"""A Storage queue for a listener: messages are leased, then deleted, released or moved to the poison queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

_POISON = "-poison"
_LONGEST_NAME = 63

#: By default the SDK waits 15 s before its first retry: too long for a laptop.
_CLIENT: dict[str, Any] = {
    "initial_backoff": 1,
    "increment_base": 2,
    "random_jitter_range": 1,
    "retry_total": 4,
    "read_timeout": 30,
    "use_env_settings": False,  # storage is on this machine
}

#: Error codes that mean that another worker has the message, or that it or its queue is gone.  Not failures: delivery
#: is at least once (QueueProcessor.cs, DeleteMessageAsync and ReleaseMessageAsync).
_TAKEN_OVER = {"PopReceiptMismatch", "MessageNotFound", "QueueNotFound", "QueueBeingDeleted", "QueueDisabled"}


@dataclass(slots=True)
class Message:
    """A leased message.  Each renewal changes its receipt."""

    id: str
    text: str  #: as in the queue, still encoded
    receipt: str
    dequeue_count: int
    inserted_on: datetime
    expires_on: datetime
    next_visible_on: datetime


class TakenOverError(Exception):
    """The lease was lost: another worker has the message, or it is gone."""


class LeasedQueue:
    """One queue and its poison queue."""

    def __init__(self, connection: str, name: str, lease: timedelta) -> None:
        self.name = name
        self.lease = lease
        #: None: failed messages stay invisible until their lease ends (QueueListenerFactory.cs).
        self.poison_name = None if name.endswith(_POISON) or len(name + _POISON) > _LONGEST_NAME else name + _POISON
        self._queue = QueueClient.from_connection_string(connection, name, **_CLIENT)
        self._poison = (
            QueueClient.from_connection_string(connection, self.poison_name, **_CLIENT) if self.poison_name else None
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._queue.close()
        if self._poison:
            await self._poison.close()

    async def take(self, limit: int) -> Sequence[Message]:
        """Lease up to that many messages.  One request without retries: the caller polls anyway."""
        pages = self._queue.receive_messages(
            max_messages=limit, messages_per_page=limit, visibility_timeout=_seconds(self.lease), retry_total=0
        ).by_page()
        async for page in pages:
            return [_message(one) async for one in page]
        return []

    async def renew(self, message: Message) -> None:
        """Renew its lease; raises TakenOverError if it is too late."""
        with self._losing(message):
            updated = await self._queue.update_message(
                message.id, message.receipt, visibility_timeout=_seconds(self.lease)
            )
            message.receipt = str(updated.pop_receipt)

    async def release(self, message: Message, after: timedelta) -> None:
        """Release it for redelivery after that time."""
        with self._losing(message):
            await self._queue.update_message(message.id, message.receipt, visibility_timeout=_seconds(after))

    async def delete(self, message: Message) -> None:
        """Delete it."""
        with self._losing(message):
            await self._queue.delete_message(message.id, message.receipt)

    async def bury(self, message: Message) -> None:
        """Move it to the poison queue, created on demand, or leave it if there can be none.

        Two requests, so a failure in between copies it twice.  The copy is a new message, with the default time to
        live of 7 days (QueueProcessor.cs, CopyMessageToPoisonQueueAsync).
        """
        if not self._poison:
            return
        try:
            await self._poison.send_message(message.text)
        except ResourceNotFoundError:
            await self._poison.create_queue()
            await self._poison.send_message(message.text)
        await self.delete(message)

    @contextmanager
    def _losing(self, message: Message) -> Iterator[None]:
        try:
            yield
        except HttpResponseError as error:
            if getattr(error, "error_code", None) not in _TAKEN_OVER:
                raise
            raise TakenOverError(f"message {message.id} of {self.name} was lost: {brief(error)}") from error


def brief(error: AzureError) -> str:
    """Return the first line of the error; the SDK appends request ids, times and XML."""
    return str(error).partition("\n")[0]


def _seconds(span: timedelta) -> int:
    """Truncate to whole seconds, like the .NET client."""
    return int(span.total_seconds())


def _message(one: Any) -> Message:
    return Message(
        id=one.id,
        text=one.content or "",
        receipt=one.pop_receipt,
        dequeue_count=one.dequeue_count,
        inserted_on=one.inserted_on,
        expires_on=one.expires_on,
        next_visible_on=one.next_visible_on,
    )
