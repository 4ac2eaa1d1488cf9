"""Tidies the index of open watches.  Entries may be stale: a start writes its entry first, and may die then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.model import Watch
from shared.core.newest_first import falling, newest_first
from shared.engine.lister import LARGEST_QUERY, Entries, Entry

log = logging.getLogger("watch.tidying")

#: An entry of this age without a row belongs to a start that died: no start takes as long.
ORPHANED_AFTER = timedelta(hours=1)

#: How far back the first round of a process looks.  Later rounds look at what has become old enough since.
FIRST_LOOK = timedelta(hours=6)

#: Rows that are read at a time.
AT_ONCE = 50


class OpenEntries(Entries, Protocol):
    """The index of open watches."""

    async def discard(self, api: str, key: str) -> None:
        """Remove an entry, if it is still there."""


@dataclass(slots=True)
class Tidier:
    """Checks each entry once, when it is old enough, and removes it unless its watch is open."""

    index: OpenEntries
    load: Callable[[str], Awaitable[Watch | None]]  #: a watch's row
    apis: Sequence[str]
    now: Callable[[], datetime]
    _looked_until: datetime | None = field(default=None, init=False)

    async def round(self) -> None:
        """Check what has become old enough since the last complete round."""
        until = self.now() - ORPHANED_AFTER
        since = self._looked_until or until - FIRST_LOOK
        for api in self.apis:
            found = [entry async for entry in self._between(api, since, until)]
            for first in range(0, len(found), AT_ONCE):
                await asyncio.gather(*map(self._tidy, found[first : first + AT_ONCE]))
        self._looked_until = until

    def _between(self, api: str, since: datetime, until: datetime) -> AsyncIterator[Entry]:
        return self.index.entries(api, falling(until), falling(since), LARGEST_QUERY)

    async def _tidy(self, entry: Entry) -> None:
        row = await self.load(entry.watch_id)
        if row is None or row.published or newest_first(row.started_at, row.id) != entry.key:
            log.info("entry.stale watch=%s api=%s", entry.watch_id, entry.api)
            await self.index.discard(entry.api, entry.key)
