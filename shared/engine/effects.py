"""What a watch's row promises: its next ticket while it is open, the publication of its end once it has ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core.callback import Callback, begin
from shared.core.model import End, Ticket, Watch
from shared.engine.ports import Conflict, Index, Send, Store, WatchStore
from shared.engine.swap import swap


@dataclass(frozen=True, slots=True)
class Effects:
    """Does what rows promise.  Its ports may raise whatever their services raise: then it is done again."""

    watches: WatchStore
    callbacks: Store[Callback]
    index: Index
    send: Send  #: a watch's ticket
    send_callback: Send  #: a callback's ticket
    record: Callable[[Watch, End], Awaitable[None]]  #: one row of results.  Idempotent
    announce: Callable[[Watch, End], Awaitable[None]]  #: one event, delivered when this returns
    body: Callable[[Watch], str]  #: what a callback says of an end
    callback_lifetime: timedelta
    now: Callable[[], datetime]

    async def act(self, watch: Watch) -> Watch:
        """Do what the row promises.  Idempotent: whoever may have died in between does all of it again."""
        if watch.end is None:
            await self.send(Ticket(watch.id, watch.seq), max(timedelta(0), watch.due - self.now()))
            return watch
        if watch.published:
            return watch
        await self.index.add_ended(watch, watch.end)  # before its result, so that the list is complete
        await self.record(watch, watch.end)
        await self.announce(watch, watch.end)
        if watch.callback:
            await self._notify(watch, watch.end)
        await self.index.remove(watch)
        return await swap(self.watches, replace(watch, published=True))

    async def _notify(self, watch: Watch, end: End) -> None:
        """Insert the callback's row and send its first ticket.  A repeated ticket is stale once the first was used."""
        callback = begin(watch, end, self.body(watch), self.now(), self.callback_lifetime)
        with suppress(Conflict):  # it is there
            await self.callbacks.insert(callback)
        await self.send_callback(Ticket(callback.id, callback.seq), timedelta(0))
