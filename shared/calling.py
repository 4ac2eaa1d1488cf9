"""The shell around `callbacks`: load, try, commit, act, as in `watching`, and as safe.

Tries are steps on the watch's row, taken exactly once each; the POST of a try that could not be committed is made
again.  So the receiver is told at least once, always with the same id.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.callbacks import FAILED, LASTS, TRIES, Reply, is_pending, put_off, told
from shared.model import Ticket, Watch
from shared.schedule import Schedule
from shared.schemas import WatchDocument
from shared.text import tidy
from shared.watching import LONGEST_EXCERPT, Conflict, Store

log = logging.getLogger("watch.calling")

#: What the CloudEvents are called.  Stable: receivers branch on it.
EVENT_TYPE = "itwin-job-watch.watch.finished"


@dataclass(frozen=True, slots=True)
class Caller:
    """Tells of ends.  Its ports may raise whatever their services raise: the queue delivers again."""

    store: Store
    send: Callable[[Ticket, timedelta], Awaitable[None]]  #: a ticket of a callback, visible after the delay
    post: Callable[[str, str, str], Awaitable[Reply]]  #: URL, id, body; never raises for what the network does
    fail: Callable[[Watch], Awaitable[None]]  #: one event on a callback that was given up
    reject: Callable[[str, str], Awaitable[None]]
    now: Callable[[], datetime]
    draw: Callable[[], float]
    source: str  #: names this app to receivers
    tries: Schedule = TRIES
    lasts: timedelta = LASTS
    alone: Callable[[str], AbstractAsyncContextManager[None]] = lambda _: nullcontext()

    async def receive(self, body: bytes, message_id: str) -> None:
        """Take a message off the queue: a ticket, or something that is reported and dropped."""
        try:
            ticket = Ticket.from_json(body)
        except ValueError:
            return await self._reject("not a callback's ticket", body.decode("utf-8", "replace"))
        async with self.alone(f"callback of {ticket.watch_id}"):
            return await self.deliver(ticket, message_id)

    async def deliver(self, ticket: Ticket, message_id: str) -> None:
        """Give a callback its try.  Called at least once per ticket, possibly late, possibly twice at once."""
        watch = await self.store.load(ticket.watch_id)
        if watch is None:
            return await self._reject("no such watch", ticket.to_json())
        if ticket.seq == watch.callback_seq and is_pending(watch):  # the fence
            if not watch.published:  # whoever publishes it is not done; to come in between would undo that
                raise Conflict(watch.id)
            watch = await self.store.commit(await self._step(watch, message_id))
        if watch.callback_stepped_by == message_id:  # our step, now or in an earlier delivery
            await self._act(watch)
        return None

    async def _step(self, watch: Watch, message_id: str) -> Watch:
        now = self.now()
        if watch.callback_due and now < watch.callback_due:
            return put_off(watch, message_id)
        reply = await self.post(
            watch.callback, event_id(watch), json.dumps(event(watch, self.source), ensure_ascii=False)
        )
        after = told(watch, reply, self.now(), message_id, draw=self.draw(), tries=self.tries, lasts=self.lasts)
        log.info("callback.tried watch=%s tries=%d error=%r", after.id, after.callback_tries, after.callback_error)
        return after

    async def _act(self, watch: Watch) -> None:
        if is_pending(watch):
            due = watch.callback_due or self.now()
            await self.send(Ticket(watch.id, watch.callback_seq), max(timedelta(0), due - self.now()))
        elif watch.callback_result == FAILED:
            await self.fail(watch)

    async def _reject(self, why: str, text: str) -> None:
        excerpt = tidy(text, LONGEST_EXCERPT)
        log.warning("ticket.rejected reason=%r excerpt=%r", why, excerpt)
        await self.reject(why, excerpt)


def event_id(watch: Watch) -> str:
    """Name the end of a watch: by the watch's id; a watch that was begun again has further ends, which are counted."""
    return f"{watch.id}.{watch.restarts}" if watch.restarts else watch.id


def event(watch: Watch, source: str) -> dict[str, Any]:
    """Return the CloudEvent of an end (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md)."""
    document = WatchDocument.of(watch).model_dump(mode="json", by_alias=True, exclude={"callback"})
    return {
        "specversion": "1.0",
        "id": event_id(watch),
        "source": source,
        "type": EVENT_TYPE,
        "subject": watch.id,
        "time": document["endedAt"],
        "datacontenttype": "application/json",
        **({"traceparent": watch.trace} if watch.trace else {}),
        "data": document,
    }
