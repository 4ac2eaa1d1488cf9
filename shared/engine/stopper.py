"""Stops watches."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from shared.core.decide import stop
from shared.core.model import Watch
from shared.engine.ports import Conflict, WatchStore
from shared.engine.swap import swap

log = logging.getLogger("watch")


@dataclass(frozen=True, slots=True)
class Stopper:
    """Ends watches for users."""

    rows: WatchStore
    act: Callable[[Watch], Awaitable[Watch]]  #: see `Effects`
    now: Callable[[], datetime]

    async def stop(self, key: str) -> Watch | None:
        """End a watch as stopped and publish that.  An ended one stays as it ended.  None when there is none.

        One whose row cannot be read ends as stopped too, with what can be read of it.
        """
        while True:
            try:
                watch = await self.rows.salvage(key, self.now())
                if watch is None:
                    return None
                if watch.end is None:
                    watch = await swap(self.rows, stop(watch, self.now()))
                    log.info("watch.ended watch=%s api=%s outcome=%s", watch.id, watch.api, watch.outcome)
                return await self.act(watch)
            except Conflict:  # a turn came in between; each one moves the watch on, so this loop ends
                continue
