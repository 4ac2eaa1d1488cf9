"""Looks after all watches: counts them, gives those that fell behind a turn, removes those that ended long ago."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.core.callback import is_pending
from shared.core.model import Watch
from shared.engine.ports import OUTAGE, Conflict, Count
from shared.engine.watcher import Watcher

log = logging.getLogger("watch.tending")

#: Rows in hand at a time, each of which takes two or three calls.
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Tender:
    """One round over the table.  Two at once do no harm: who loses a row to the other leaves it."""

    watcher: Watcher
    retention: timedelta  #: how long the row of an ended watch stays; its result stays for ever
    counted: Callable[[str, Count], Awaitable[None]]  #: one event on an API's open watches

    async def round(self) -> int:
        """Count what is open, tend, and tell the count last, so that an outage of events keeps no watch waiting.

        Counted before, since what is tended is no longer overdue.  An API with nothing open is told too: a chart must
        fall to zero, and silence must mean that the app is silent.
        """
        now = self.watcher.now()
        counts = await self.watcher.store.census(now, due_before=now - self.watcher.grace)
        failed = await self.tend()
        apis = {**dict.fromkeys(self.watcher.apis, Count()), **counts}
        await asyncio.gather(*(self.counted(api, count) for api, count in apis.items()))
        return failed

    async def tend(self) -> int:
        """Go over the table once; gives how many rows could not be tended, which the next round will find again."""
        now = self.watcher.now()
        stale = self.watcher.store.stale(due_before=now - self.watcher.grace, ended_before=now - self.retention)
        failed = 0
        async for rows in _by(AT_ONCE, stale):
            failed += sum(await asyncio.gather(*map(self._fails, rows)))
        return failed

    async def _fails(self, watch: Watch) -> bool:
        """Tend one row; True when a service did not let us.  One row must not keep us from the others."""
        try:
            if watch.published and not is_pending(watch):
                await self.watcher.store.delete(watch)
            else:
                await self.watcher.tend(watch)
        except Conflict:  # it has just moved, so it needs nothing
            return False
        except OUTAGE as error:
            log.warning("watch.untended watch=%s error=%s: %s", watch.id, type(error).__name__, error)
            return True
        return False


async def _by(most: int, rows: AsyncIterator[Watch]) -> AsyncIterator[list[Watch]]:
    """Group rows, so that never more than `most` are held."""
    group: list[Watch] = []
    async for row in rows:
        group.append(row)
        if len(group) == most:
            yield group
            group = []
    if group:
        yield group
