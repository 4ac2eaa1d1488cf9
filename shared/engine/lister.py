"""A list of watches, a page at a time: the open ones, then the ended ones, each newest first.

The lists come from tables whose keys have that order, so a page costs what it shows, not what there is: one query of
each list, however many APIs there are.  Each entry is then looked up as the watch's own row, which is the truth.  A
stale entry is skipped, so a page may be shorter than requested.  One request scans a bounded number of entries.

Earlier versions list by API.  Until `Upgrade` has brought over what they listed, those lists are read as well: an entry
has the same key in both, and comes once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.model import Outcome, Watch
from shared.core.newest_first import falling, newest_first
from shared.engine.cursor import Cursor
from shared.engine.ports import Entry, State, Store, Unreadable

log = logging.getLogger("watch.listing")

#: Entries that one request scans.  A query returns a thousand, so these are few queries even when nothing matches.
MOST_SCANNED = 5000

#: Rows that one request looks up for those that are failing, which no entry tells.
MOST_LOOKED_UP = 500

#: "the query returns a maximum of 1,000 items at one time"
#: https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination
LARGEST_QUERY = 1000

#: Before and after every key.
FIRST, LAST = "", "~"


class Rows(Store[Watch], Protocol):
    """The rows of all watches, found by their ids."""

    def beginning(self, digits: str) -> AsyncGenerator[Watch | Unreadable, None]:
        """Give the rows whose ids begin so, in the order of their ids: one query.  At least two digits.

        A row that cannot be read is given as what is wrong with it.
        """


class Lists(Protocol):
    """The list of open watches and that of ended ones, of all APIs, newest first."""

    def entries(self, state: State, api: str | None, after: str, before: str, page: int) -> AsyncIterator[Entry]:
        """Give the entries of a list between two keys, in order, of one API or of all: one query."""


class ListsByApi(Protocol):
    """A list for each API, newest first: the results, or the open watches as earlier versions list them."""

    def entries_of(self, api: str, after: str, before: str, page: int) -> AsyncIterator[Entry]:
        """Give the entries of an API between two keys, in order: one query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which watches to list."""

    api: str | None = None
    state: State | None = None
    outcome: Outcome | None = None
    label: str | None = None
    failing: bool = False
    limit: int = 50
    after: Cursor | None = None

    @property
    def states(self) -> Sequence[State]:
        """Which lists to read, in order."""
        states: list[State] = []
        if self.outcome is None and self.state != "ended":
            states.append("watching")
        if not self.failing and self.state != "watching":
            states.append("ended")
        return states[states.index(self.after.state) :] if self.after and self.after.state in states else states

    def fits(self, watch: Watch) -> bool:
        """Whether a row matches."""
        return (
            (self.outcome is None or watch.outcome is self.outcome)
            and (self.label is None or self.label in watch.labels)
            and (not self.failing or bool(watch.failing))
        )

    def may_fit(self, entry: Entry) -> bool:
        """Whether the row of an entry may match; for labels the entry alone is not certain."""
        return (self.outcome is None or entry.outcome == self.outcome) and (
            self.label is None or self.label in entry.labels
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some watches, and where the next page begins; None after the last."""

    watches: Sequence[Watch]
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Lister:
    """Makes pages."""

    rows: Rows
    lists: Lists
    results: ListsByApi
    earlier: ListsByApi  #: open watches, as earlier versions list them
    is_whole: Callable[[], Awaitable[bool]]  #: whether `lists` has all that earlier versions listed; see `Upgrade`
    apis: Sequence[str]
    retention: timedelta  #: the rows of watches that ended before may be gone
    now: Callable[[], datetime]

    async def page(self, wanted: Wanted) -> Page:
        """Return one page."""
        watches: list[Watch] = []
        left, looked_up = MOST_SCANNED, 0
        for state in wanted.states:
            cursor: Cursor | None = Cursor(state, FIRST)
            if wanted.after and wanted.after.state == state:
                cursor = wanted.after
            while cursor is not None:
                most = wanted.limit - len(watches)
                entries, scanned, cursor = await self._entries(wanted, state, cursor.key, most, left)
                rows = await asyncio.gather(*(self._row(state, entry) for entry in entries))
                watches += [row for row in rows if row is not None and wanted.fits(row)]
                left, looked_up = left - scanned, looked_up + len(entries)
                is_full = len(watches) == wanted.limit or left <= 0 or looked_up >= MOST_LOOKED_UP
                if cursor is not None and (is_full or not wanted.failing):
                    return Page(watches, cursor)
        return Page(watches, None)

    async def beginning(self, digits: str, most: int) -> Sequence[Watch]:
        """Return watches whose ids begin so, at most so many, in the order of their ids; raises `Unreadable`.

        Whoever names a watch must not be told that there is none because its row cannot be read.
        """
        found: list[Watch] = []
        async with aclosing(self.rows.beginning(digits)) as rows:
            async for row in rows:
                if isinstance(row, Unreadable):
                    raise row
                found.append(row)
                if len(found) == most:
                    break
        return found

    async def _entries(
        self, wanted: Wanted, state: State, after: str, most: int, budget: int
    ) -> tuple[Sequence[Entry], int, Cursor | None]:
        """Collect entries that may match; also how many were scanned, and where to go on if there may be more."""
        found: list[Entry] = []
        scanned = 0
        if most <= 0 or budget <= 0:
            return found, scanned, Cursor(state, after)
        async with aclosing(merged(await self._streams(wanted, state, after))) as entries:
            async for entry in entries:
                if len(found) == most or scanned == budget:
                    return found, scanned, Cursor(state, after)
                scanned, after = scanned + 1, entry.key
                if wanted.may_fit(entry):
                    found.append(entry)
        return found, scanned, None

    async def _streams(self, wanted: Wanted, state: State, after: str) -> Sequence[AsyncIterator[Entry]]:
        """Say what to read for a list: one query, and those by API while earlier versions may have listed something.

        The ended watches of one API are its results.  To search the long list of all for a rare API would take longer.
        """
        before = LAST if state == "watching" else falling(self.now() - self.retention)
        searches = wanted.label is not None or wanted.outcome is not None
        page = LARGEST_QUERY if searches else wanted.limit + 1
        by_api = self.earlier if state == "watching" else self.results
        if state == "ended" and wanted.api is not None:
            return [by_api.entries_of(wanted.api, after, before, page)]
        streams = [self.lists.entries(state, wanted.api, after, before, page)]
        if not await self.is_whole():
            apis = self.apis if wanted.api is None else [wanted.api]
            streams += [by_api.entries_of(api, after, before, page) for api in apis]
        return streams

    async def _row(self, state: State, entry: Entry) -> Watch | None:
        """Return the watch's row, unless the entry is stale, or the row cannot be read."""
        try:
            row = await self.rows.load(entry.watch_id)
        except Unreadable as error:
            log.error("row.unreadable %s", error)  # noqa: TRY400 -- the text says it all
            return None
        if state == "ended":
            return row if row and row.end and newest_first(row.end.at, row.id) == entry.key else None
        # A watch that has just ended is listed there, or about to be.
        return row if row and row.is_open and newest_first(row.started_at, row.id) == entry.key else None


async def merged(streams: Sequence[AsyncIterator[Entry]]) -> AsyncGenerator[Entry, None]:
    """Yield the entries of all streams in the order of their keys, each key once."""
    heads = await asyncio.gather(*(anext(stream, None) for stream in streams))
    waiting = {stream: entry for stream, entry in zip(streams, heads, strict=True) if entry is not None}
    last = FIRST
    while waiting:
        stream = min(waiting, key=lambda stream: waiting[stream].key)
        entry = waiting.pop(stream)
        if entry.key != last:
            yield entry
        last = entry.key
        if (following := await anext(stream, None)) is not None:
            waiting[stream] = following
