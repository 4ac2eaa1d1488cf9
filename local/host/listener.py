"""The queue trigger: passes messages from one queue to one function.

The rules are from QueueListener.cs and QueueProcessor.cs:

* A fetch takes up to batchSize messages.  The next fetch follows at once, but not before newBatchThreshold or fewer
  messages are in work: their sum is the maximum concurrency.
* After an empty fetch the listener backs off, longer each time.
* If the function succeeds, its message is deleted.  If it fails, the message is released after visibilityTimeout, or
  moved to the poison queue after maxDequeueCount deliveries.  Without a poison queue it stays invisible until its lease
  ends, which prevents a tight loop.
* A message that should be base64 according to host.json but is not is moved to the poison queue verbatim, without a
  call.  On a poison queue, which has none itself, it stays invisible until its lease ends, for ever, and reaches no
  function.
* A message that is not UTF-8 cannot be bound to a parameter: each delivery fails, without a call.  Host 4.1037 with
  queues extension 5.3.10 was observed to do the same.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.functions.meta import Datum

from local.host.backoff import Backoff
from local.host.binding import refused
from local.host.functions import Answer, Function, Invocation, InvocationFailedError
from local.host.hostjson import Queues
from local.host.lease import kept
from local.host.queues import LeasedQueue, Message, TakenOverError, brief
from local.host.traces import new_span

_log = logging.getLogger(__name__)


class QueueListener:
    """One queue trigger."""

    def __init__(
        self,
        function: Function,
        queue: LeasedQueue,
        options: Queues,
        invoke: Callable[[Invocation], Awaitable[Answer | None]],
        buried: Callable[[str], None],
    ) -> None:
        """`buried` is called with the name of the poison queue after a message was added to it."""
        self.queue = queue
        self._function = function
        self._options = options
        self._invoke = invoke
        self._buried = buried
        self._backoff = Backoff(options.max_polling_interval)
        self._working: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._reachable = True

    def wake(self) -> None:
        """Poll now: there is a new message."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; return when all fetched messages are processed."""
        waking = asyncio.create_task(self._wake_at(stop))
        while not stop.is_set():
            self._woken.clear()
            messages = await self._take()  # never cancelled: its messages would be invisible for a whole lease
            for message in messages:
                self._begin(message)
            if messages:
                self._backoff.reset()
                while len(self._working) > self._options.threshold and not stop.is_set():
                    await asyncio.wait({*self._working, waking}, return_when=asyncio.FIRST_COMPLETED)
            else:
                await self._rest()
        await asyncio.gather(waking, *self._working)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wake()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.next_delay().total_seconds()):
                await self._woken.wait()

    async def _take(self) -> list[Message]:
        """Fetch a batch.  An outage counts as an empty queue, and is logged when it begins and ends."""
        try:
            messages = list(await self.queue.take(self._options.batch_size))
        except AzureError as error:
            if self._reachable:
                missing = isinstance(error, ResourceNotFoundError)
                _log.warning(
                    "queue %s %s", self.queue.name, "does not exist" if missing else f"cannot be read: {brief(error)}"
                )
            self._reachable = False
            return []
        if not self._reachable:
            _log.info("queue %s can be read now", self.queue.name)
        self._reachable = True
        return messages

    def _begin(self, message: Message) -> None:
        task = asyncio.create_task(self._work(message))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _work(self, message: Message) -> None:
        try:
            await self._process(message)
        except TakenOverError as lost:
            _log.info("%s", lost)
        except AzureError as error:
            _log.warning(
                "message %s of %s comes back when its lease ends: %s", message.id, self.queue.name, brief(error)
            )

    async def _process(self, message: Message) -> None:
        try:
            body = decode(message.text, self._options.message_encoding, self._function.trigger["name"])
        except ValueError:
            await self._bury(message, f"is not {self._options.message_encoding}")
            return
        if message.dequeue_count > self._options.max_dequeue_count:  # the process died in its last attempt
            await self._bury(message, f"was delivered {message.dequeue_count} times")
            return
        try:
            async with kept(self.queue, message):
                await self._invoke(Invocation(self._function, body, metadata(message), new_span()))
        except InvocationFailedError:
            await self._after_failure(message)
        else:
            await self.queue.delete(message)

    async def _after_failure(self, message: Message) -> None:
        if not self.queue.poison_name:
            return
        if message.dequeue_count >= self._options.max_dequeue_count:
            await self._bury(message, f"failed {message.dequeue_count} times")
        else:
            await self.queue.release(message, self._options.visibility_timeout)

    async def _bury(self, message: Message, why: str) -> None:
        poison = self.queue.poison_name
        _log.warning(
            "message %s of %s %s: %s", message.id, self.queue.name, why, f"goes to {poison}" if poison else "stays"
        )
        await self.queue.bury(message)
        if poison:
            self._buried(poison)


def decode(text: str, encoding: str, parameter: str) -> Datum:
    """Decode the body of a message; raises ValueError.

    >>> decode("eyJhIjogMX0=", "base64", "message").value
    '{"a": 1}'
    """
    if encoding == "none":
        return Datum(text, "string")
    # .NET's decoder skips white space and rejects everything else outside the alphabet.
    body = base64.b64decode("".join(text.split()), validate=True)
    try:
        return Datum(body.decode(), "string")
    except UnicodeDecodeError:
        return refused(f"Exception binding parameter '{parameter}': its bytes are not UTF-8")


def metadata(message: Message) -> dict[str, Datum]:
    """Return the metadata of the function's QueueMessage, in the host's format."""
    return {
        "Id": Datum(message.id, "string"),
        "PopReceipt": Datum(message.receipt, "string"),
        "DequeueCount": Datum(str(message.dequeue_count), "json"),
        "InsertionTime": _json_time(message.inserted_on),
        "ExpirationTime": _json_time(message.expires_on),
        "NextVisibleTime": _json_time(message.next_visible_on),
    }


def _json_time(instant: datetime) -> Datum:
    return Datum(json.dumps(instant.isoformat()), "json")
