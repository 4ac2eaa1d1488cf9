"""The shell around `callbacks`: load, try, commit, act, as in `watching`, and as safe.

Tries are steps on the watch's row, taken exactly once each; the POST of a try that could not be committed is made
again.  So the receiver is told at least once, always with the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core.callback import FAILED, LASTS, TRIES, Reply, event_id, is_pending, put_off, told
from shared.core.model import Ticket, Watch
from shared.core.schedule import Schedule
from shared.core.untrusted import tidy
from shared.engine.ports import LONGEST_EXCERPT, Conflict, Store

log = logging.getLogger("watch.calling")


@dataclass(frozen=True, slots=True)
class CallbackSender:
    """Tells of ends.  Its ports may raise whatever their services raise: the queue delivers again."""

    store: Store
    send: Callable[[Ticket, timedelta], Awaitable[None]]  #: a ticket of a callback, visible after the delay
    post: Callable[[str, str, str], Awaitable[Reply]]  #: URL, id, body; never raises for what the network does
    fail: Callable[[Watch], Awaitable[None]]  #: one event on a callback that was given up
    reject: Callable[[str, str], Awaitable[None]]
    now: Callable[[], datetime]
    draw: Callable[[], float]
    body: Callable[[Watch], str]  #: what is told of an end
    alone: Callable[[str], AbstractAsyncContextManager[None]]  #: see `OneAtATime`
    tries: Schedule = TRIES
    lasts: timedelta = LASTS

    async def receive(self, body: bytes, message_id: str) -> None:
        """Take a message off the queue: a ticket, or something that is reported and dropped."""
        try:
            ticket = Ticket.from_json(body)
        except ValueError:
            await self._reject("not a callback's ticket", body.decode("utf-8", "replace"))
            return
        async with self.alone(f"callback of {ticket.watch_id}"):
            await self.deliver(ticket, message_id)

    async def deliver(self, ticket: Ticket, message_id: str) -> None:
        """Give a callback its try.  Called at least once per ticket, possibly late, possibly twice at once."""
        watch = await self.store.load(ticket.watch_id)
        if watch is None:
            await self._reject("no such watch", ticket.to_json())
            return
        if ticket.seq == watch.callback_seq and is_pending(watch):  # the fence
            if not watch.published:  # whoever publishes it is not done; to come in between would undo that
                raise Conflict(watch.id)
            watch = await self.store.commit(await self._step(watch, message_id))
        if watch.callback_stepped_by == message_id:  # our step, now or in an earlier delivery
            await self._act(watch)

    async def _step(self, watch: Watch, message_id: str) -> Watch:
        now = self.now()
        if watch.callback_due and now < watch.callback_due:
            return put_off(watch, message_id)
        reply = await self.post(watch.callback, event_id(watch), self.body(watch))
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
