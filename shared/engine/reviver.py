"""Gives a watch another ticket when its own failed too often, or never came; gives it up after the last round."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core.decide import revive
from shared.core.model import Watch
from shared.core.schedule import Schedule
from shared.engine.ports import Conflict, Reject, Store, Unreadable
from shared.engine.swap import swap
from shared.engine.tickets import read_ticket, reject_ticket

log = logging.getLogger("watch")

#: How late a turn may be before its ticket counts as lost.  A ticket whose worker died stays hidden for the rest of a
#: lease of 10 minutes; a watch that is revived earlier is fenced off from it, so this may be shorter.
GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Reviver:
    """Revives watches."""

    rows: Store[Watch]
    act: Callable[[Watch], Awaitable[Watch]]  #: see `Effects`
    reject: Reject
    poisoned: Callable[[Watch], Awaitable[None]]  #: one event on a ticket that failed too often
    now: Callable[[], datetime]
    draw: Callable[[], float]  #: a random number in [0, 1)
    delays: Schedule
    grace: timedelta

    async def receive_poisoned(self, body: bytes) -> None:
        """Take a message off the poison queue: a ticket that failed too often.

        A ticket of a past turn needs nothing, unless the next turn is overdue: it may have failed to send that ticket.
        """
        ticket = await read_ticket(body, self.reject)
        if ticket is None:
            return
        try:
            watch = await self.rows.load(ticket.id)
        except Unreadable as error:
            await reject_ticket(str(error), ticket.to_json(), self.reject)
            return
        if watch is None:
            await reject_ticket("no such row", ticket.to_json(), self.reject)
            return
        if not watch.is_open or ticket.seq == watch.seq or watch.due + self.grace <= self.now():
            with suppress(Conflict):  # it has just moved, so it needs nothing
                await self.revive(watch)
        await self.poisoned(watch)  # last, so that an outage of events delays no watch

    async def revive(self, watch: Watch) -> None:
        """Give an open watch its next ticket, or publish the end of an ended one.

        Raises `Conflict` if the watch just moved, so that it needs nothing.
        """
        if watch.is_open:
            watch = await swap(self.rows, revive(watch, self.delays, self.now(), self.draw()))
            log.warning("watch.revived watch=%s api=%s round=%d", watch.id, watch.api, watch.revivals)
        await self.act(watch)
