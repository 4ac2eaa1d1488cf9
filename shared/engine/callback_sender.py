"""One attempt of a callback: POST its event, and decide whether and when to retry.

An attempt whose commit was lost is made again.  So the receiver is notified at least once, always with the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core.callback import Attempt, Callback, advance, postpone, revive
from shared.core.model import Ticket
from shared.core.schedule import Schedule
from shared.engine.ports import Lock, Reject, Send, Store
from shared.engine.swap import swap

log = logging.getLogger("watch.callbacks")


@dataclass(frozen=True, slots=True)
class CallbackSender:
    """Implements `Kind` for callbacks; see `deliver`."""

    rows: Store[Callback]
    send: Send
    post: Callable[[str, str, str], Awaitable[Attempt]]  #: URL, id, body; never raises for what the network does
    fail: Callable[[Callback], Awaitable[None]]  #: one event on a callback that was given up
    lock: Lock
    reject: Reject
    now: Callable[[], datetime]
    draw: Callable[[], float]  #: a random number in [0, 1)
    delays: Schedule

    async def step(self, row: Callback, message_id: str) -> Callback:
        """Make an attempt, unless it is too early, and return the row after it."""
        if self.now() < row.due:
            return postpone(row, message_id)
        attempt = await self.post(row.url, row.id, row.body)
        return advance(row, attempt, self.now(), message_id, draw=self.draw(), delays=self.delays)

    async def act(self, row: Callback) -> None:
        """Send the next ticket, or the event on a failed callback."""
        if row.is_open:
            await self.send(Ticket(row.id, row.seq), max(timedelta(0), row.due - self.now()))
        elif not row.is_settled:
            await self.fail(row)
            await swap(self.rows, replace(row, announced=True))

    async def revive(self, row: Callback) -> None:
        """Give an open callback another ticket, or send the event on a failed one.  Raises `Conflict` if it moved."""
        await self.act(await swap(self.rows, revive(row, self.now())) if row.is_open else row)

    def log_step(self, before: Callback, after: Callback) -> None:
        """Log an attempt."""
        if after.tries > before.tries:
            log.info("callback.tried event=%s tries=%d error=%r", after.id, after.tries, after.error)
