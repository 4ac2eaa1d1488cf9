"""Brings what earlier versions list by API into the lists of all, and says when these are whole.

An earlier version lists an end by its result alone, and an open watch in a partition of its API.  It may run for some
minutes beside this one, and again if somebody goes back to it.  So each round compares anew, and readers trust the
lists of all only while rounds follow each other: an earlier version makes none.

`Tidier` brings over the open watches, in the same round and before this.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.newest_first import falling
from shared.engine.lister import FIRST, LARGEST_QUERY, LAST, Lists, ListsByApi, merged
from shared.engine.mark import Mark
from shared.engine.ports import Entry, State

log = logging.getLogger("watch.tidying")

#: An end is recorded no later after it came, or it is recorded by this version, which lists it.  A turn takes seconds,
#: and what it left is done within minutes, by the queue or by `Tender`.  This also covers clocks that differ.
LATE = timedelta(hours=1)

#: Results that one round looks at, and at a time.
MOST, AT_ONCE = 20_000, 1000


class Marks(Protocol):
    """Where the mark is kept."""

    async def read_mark(self) -> Mark | None:
        """Return it; None before the first round."""

    async def write_mark(self, mark: Mark) -> None:
        """Replace it."""


class Upgraded(Lists, Marks, Protocol):
    """The lists of all."""

    async def add_all(self, state: State, entries: Sequence[Entry]) -> None:
        """Add entries that another list has.  Idempotent."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Adds the ends that are recorded and not listed.  It may die anywhere, and two rounds at once do no harm."""

    lists: Upgraded
    results: ListsByApi
    apis: Sequence[str]
    retention: timedelta  #: what ended before is not listed
    now: Callable[[], datetime]

    async def round(self) -> None:
        """Go on with the way, at most `MOST` results far."""
        now = self.now()
        mark = (await self.lists.read_mark() or Mark(now, now)).resumed(now)
        oldest = now - self.retention
        before = falling(oldest if mark.until is None else max(oldest, mark.until - LATE))
        streams = [self.results.entries_of(api, mark.after, before, LARGEST_QUERY) for api in self.apis]
        looked_at = 0
        async with aclosing(merged(streams)) as results, aclosing(_grouped(results)) as groups:
            async for group in groups:
                await self._list(mark.after, group)
                mark, looked_at = replace(mark, after=group[-1].key), looked_at + len(group)
                if looked_at >= MOST:
                    return await self.lists.write_mark(mark)
                if len(group) == AT_ONCE:
                    await self.lists.write_mark(mark)
        return await self.lists.write_mark(replace(mark, after=FIRST, until=mark.begun))

    async def _list(self, after: str, results: Sequence[Entry]) -> None:
        """Add those of some results that the list lacks; they are all that there are between two keys."""
        found = self.lists.entries("ended", None, after, results[-1].key + LAST, LARGEST_QUERY)
        listed = {entry.key async for entry in found}
        missing = [entry for entry in results if entry.key not in listed]
        if missing:
            log.info("ends.listed count=%d", len(missing))
            await self.lists.add_all("ended", missing)


async def _grouped(entries: AsyncIterator[Entry]) -> AsyncGenerator[list[Entry], None]:
    group: list[Entry] = []
    async for entry in entries:
        group.append(entry)
        if len(group) == AT_ONCE:
            yield group
            group = []
    if group:
        yield group


@dataclass(slots=True)
class LastMark:
    """What a process knows of the mark.  It reads it again once that is old, or while the lists are not whole."""

    read: Callable[[], Awaitable[Mark | None]]
    now: Callable[[], datetime]
    _last: Mark | None = field(default=None, init=False)

    async def is_whole(self) -> bool:
        """Whether the lists of all have everything."""
        if self._last is None or not self._last.is_whole(self.now()):
            self._last = await self.read()
        return self._last is not None and self._last.is_whole(self.now())
