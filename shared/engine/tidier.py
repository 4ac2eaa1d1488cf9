"""Tidies the index of open watches: removes stale entries, and adds those that are missing.

A start writes its entry first, and may die then.  An operator may delete one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.model import Watch
from shared.core.newest_first import falling, newest_first
from shared.engine.lister import FIRST, LARGEST_QUERY, LAST, Entries, Entry
from shared.engine.ports import Index, OpenWatch, Unreadable

log = logging.getLogger("watch.tidying")

#: An entry of this age without a row belongs to a start that died: no start takes as long.
ORPHANED_AFTER = timedelta(hours=1)

#: Rows that are read at a time.
AT_ONCE = 50


class OpenEntries(Entries, Index, Protocol):
    """The index of open watches."""

    async def discard(self, api: str, key: str) -> None:
        """Remove an entry, if it is still there."""


@dataclass(frozen=True, slots=True)
class Tidier:
    """Compares the index with the open watches, and looks up each difference before it acts on it."""

    index: OpenEntries
    load: Callable[[str], Awaitable[Watch | None]]  #: a watch's row
    apis: Sequence[str]
    now: Callable[[], datetime]

    async def round(self, open_watches: Iterable[OpenWatch]) -> None:
        """Tidy once; `open_watches` are those of just now."""
        missing = {(watch.api, newest_first(watch.started_at, watch.id)): watch.id for watch in open_watches}
        orphaned = falling(self.now() - ORPHANED_AFTER)
        stale = []
        for api in self.apis:
            async for entry in self.index.entries(api, FIRST, LAST, LARGEST_QUERY):
                is_open = missing.pop((api, entry.key), None) is not None
                if not is_open and entry.key > orphaned:
                    stale.append(entry)
        for first in range(0, len(stale), AT_ONCE):
            await asyncio.gather(*map(self._discard, stale[first : first + AT_ONCE]))
        absent = list(missing.values())
        for first in range(0, len(absent), AT_ONCE):
            await asyncio.gather(*map(self._add, absent[first : first + AT_ONCE]))

    async def _discard(self, entry: Entry) -> None:
        with suppress(Unreadable):  # there is a row, so it may be an open watch
            row = await self.load(entry.watch_id)
            if row is None or row.published or newest_first(row.started_at, row.id) != entry.key:
                log.info("entry.stale watch=%s api=%s", entry.watch_id, entry.api)
                await self.index.discard(entry.api, entry.key)

    async def _add(self, watch_id: str) -> None:
        with suppress(Unreadable):  # it is told of where it is counted
            row = await self.load(watch_id)
            if row is not None and row.is_open:
                log.info("entry.missing watch=%s api=%s", row.id, row.api)
                await self.index.add(row)
