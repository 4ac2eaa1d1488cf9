"""Wakes watches when the platform tells that something happened to their jobs: what, the job's status says."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.core.decide import wake
from shared.core.model import Watch
from shared.engine.ports import Conflict, Store
from shared.engine.swap import swap

log = logging.getLogger("watch")


class Woken(StrEnum):
    """What an event did to a watch."""

    WOKEN = "woken"
    AGAIN = "again"  #: nothing: it has woken the watch before
    ENDED = "ended"  #: nothing: the watch has ended, or knows how its job did
    UNWATCHED = "unwatched"  #: nothing: the job has no watch


@dataclass(frozen=True, slots=True)
class Waker:
    """Makes watches due.  An event that fails halfway may be sent again."""

    rows: Store[Watch]
    act: Callable[[Watch], Awaitable[Watch]]  #: see `Effects`
    now: Callable[[], datetime]

    async def wake(self, key: str, event: str) -> Woken:
        """Give a watch its next turn now, or as soon as its API wants to be asked; `event` is a hash of the message.

        Raises whatever storage raises, `Unreadable` too: then the event may be sent again.
        """
        while True:
            watch = await self.rows.load(key)
            if watch is None:
                return Woken.UNWATCHED
            try:
                if woken := wake(watch, event, self.now()):
                    watch = await swap(self.rows, woken)
                    log.info("watch.woken watch=%s api=%s", watch.id, watch.api)
            except Conflict:  # a turn came in between; each one moves the watch on, so this loop ends
                continue
            owes = watch.is_open and watch.stepped_by == event
            if owes and (woken or watch.due <= self.now()):  # again, if it died before it sent the ticket
                await self.act(watch)
                return Woken.WOKEN
            return Woken.AGAIN if watch.is_open and event in watch.woken_by else Woken.ENDED
