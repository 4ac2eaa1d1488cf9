"""Tidies the lists: removes stale entries, and adds open watches that are missing.

A start writes its entry first, and may die then.  An operator may delete one.  An earlier version lists open watches by
API: what it listed is copied, and removed once no instance of it can be running.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from shared.core.model import Watch
from shared.core.newest_first import falling, newest_first
from shared.engine.lister import FIRST, LARGEST_QUERY, LAST, Lists, ListsByApi, merged
from shared.engine.ports import Entry, Index, OpenWatch, State, Unreadable

log = logging.getLogger("watch.tidying")

#: An entry of this age without a row belongs to a start that died: no start takes as long.
ORPHANED_AFTER = timedelta(hours=1)

#: Rows that are read at a time, and entries that are removed.
AT_ONCE = 50

#: Ended watches that one round takes off the list, once their rows may be gone; a million a week make 500.
MOST_EXPIRED = 5000


class OwnIndex(Lists, Index, Protocol):
    """The lists of all APIs."""

    async def add_all(self, state: State, entries: Sequence[Entry]) -> None:
        """Add entries that another list has.  Idempotent."""

    async def discard(self, state: State, key: str) -> None:
        """Remove an entry, if it is still there."""


class EarlierIndex(ListsByApi, Protocol):
    """Open watches, as earlier versions list them."""

    async def discard_of(self, api: str, key: str) -> None:
        """Remove an entry, if it is still there."""


#: An entry, and what removes it.
Removal = tuple[Entry, Callable[[], Awaitable[None]]]


@dataclass(frozen=True, slots=True)
class Tidier:
    """Compares the lists with the open watches, and looks up each difference before it acts on it."""

    index: OwnIndex
    earlier: EarlierIndex
    is_whole: Callable[[], Awaitable[bool]]  #: whether no earlier version is running; see `Upgrade`
    load: Callable[[str], Awaitable[Watch | None]]  #: a watch's row
    apis: Sequence[str]
    retention: timedelta  #: the rows of watches that ended before may be gone
    now: Callable[[], datetime]

    async def round(self, open_watches: Iterable[OpenWatch]) -> None:
        """Tidy once; `open_watches` are those of just now."""
        wanted = {newest_first(watch.started_at, watch.id): watch.id for watch in open_watches}
        orphaned, is_whole = falling(self.now() - ORPHANED_AFTER), await self.is_whole()
        listed: set[str] = set()
        copied: dict[str, Entry] = {}
        stale: list[Removal] = []
        superfluous: list[Removal] = []
        async for entry in self.index.entries("watching", None, FIRST, LAST, LARGEST_QUERY):
            if entry.key in wanted:
                listed.add(entry.key)
            elif entry.key > orphaned:
                stale.append((entry, partial(self.index.discard, "watching", entry.key)))
        async for entry in merged([self.earlier.entries_of(api, FIRST, LAST, LARGEST_QUERY) for api in self.apis]):
            removal = (entry, partial(self.earlier.discard_of, entry.api, entry.key))
            if entry.key not in wanted:
                stale += [removal] if entry.key > orphaned else []
            elif entry.key not in listed:
                copied[entry.key] = entry
            elif is_whole:
                superfluous.append(removal)
        await self.index.add_all("watching", [*copied.values()])
        await _some_at_once(self._discard, stale)
        await _some_at_once(_remove, superfluous)
        await _some_at_once(self._add, [wanted[key] for key in wanted.keys() - listed - copied.keys()])
        await _some_at_once(_remove, await self._expired())

    async def _discard(self, removal: Removal) -> None:
        entry, _ = removal
        with suppress(Unreadable):  # there is a row, so it may be an open watch
            row = await self.load(entry.watch_id)
            if row is None or row.published or newest_first(row.started_at, row.id) != entry.key:
                log.info("entry.stale watch=%s api=%s", entry.watch_id, entry.api)
                await _remove(removal)

    async def _add(self, watch_id: str) -> None:
        with suppress(Unreadable):  # it is told of where it is counted
            row = await self.load(watch_id)
            if row is not None and row.is_open:
                log.info("entry.missing watch=%s api=%s", row.id, row.api)
                await self.index.add(row)

    async def _expired(self) -> list[Removal]:
        """Find entries of ended watches whose rows may be gone."""
        found: list[Removal] = []
        oldest = falling(self.now() - self.retention)
        entries: Any = self.index.entries("ended", None, oldest, LAST, LARGEST_QUERY)
        async with aclosing(entries):
            async for entry in entries:
                found.append((entry, partial(self.index.discard, "ended", entry.key)))
                if len(found) == MOST_EXPIRED:
                    break
        return found


async def _remove(removal: Removal) -> None:
    _, discard = removal
    await discard()


async def _some_at_once(do: Callable[[Any], Awaitable[None]], items: Sequence[Any]) -> None:
    for first in range(0, len(items), AT_ONCE):
        await asyncio.gather(*map(do, items[first : first + AT_ONCE]))
