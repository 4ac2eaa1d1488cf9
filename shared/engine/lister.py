"""A list of watches, a page at a time: the open ones, then the ended ones, each newest first.

The lists are made from tables whose keys have that order, so that a page costs what it shows and not what there is.
Each entry is then read as the watch's own row, which is the truth: an entry whose row says something else is passed
over, and a page may be shorter than asked for.  How many entries one request looks at is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.model import Outcome, Watch
from shared.core.newest_first import falling, newest_first
from shared.engine.cursor import Cursor, State
from shared.engine.ports import Store

#: Entries that one request looks at.  A thousand come with one query, so these are few queries even when nothing fits.
MOST_LOOKED_AT = 5000

#: "the query returns a maximum of 1,000 items at one time"
#: https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination
LARGEST_QUERY = 1000

#: Before and after every key.
FIRST, LAST = "", "~"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a list needs to know of a watch before it reads the watch's own row."""

    api: str
    key: str  #: see `newest_first`
    watch_id: str
    outcome: str  #: "" in the index of open ones
    labels: str  #: as the table has them: contains each label


class Entries(Protocol):
    """A table that is read newest first."""

    def entries(self, api: str, after: str, before: str, page: int) -> AsyncIterator[Entry]:
        """Give the entries of an API between two keys, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which watches to list."""

    api: str | None = None
    state: State | None = None
    outcome: Outcome | None = None
    label: str | None = None
    limit: int = 50
    after: Cursor | None = None

    @property
    def states(self) -> Sequence[State]:
        """Which lists to read, in order."""
        states: list[State] = ["watching"] if self.outcome is None else []
        states = [state for state in (*states, "ended") if self.state in {None, state}]
        return states[states.index(self.after.state) :] if self.after and self.after.state in states else states

    def fits(self, watch: Watch) -> bool:
        """Whether a row is one of these."""
        return (self.outcome is None or watch.outcome is self.outcome) and (
            self.label is None or self.label in watch.labels
        )

    def may_fit(self, entry: Entry) -> bool:
        """Whether the row of an entry may be one of these; the entry alone cannot say it for certain of labels."""
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

    rows: Store[Watch]
    open: Entries
    ended: Entries
    apis: Sequence[str]
    retention: timedelta  #: the rows of watches that ended before may be gone
    now: Callable[[], datetime]

    async def page(self, wanted: Wanted) -> Page:
        """Return one page."""
        watches: list[Watch] = []
        left = MOST_LOOKED_AT
        for state in wanted.states:
            after = wanted.after.key if wanted.after and wanted.after.state == state else FIRST
            entries, looked_at, cursor = await self._entries(wanted, state, after, wanted.limit - len(watches), left)
            rows = await asyncio.gather(*(self._row(state, entry) for entry in entries))
            watches += [row for row in rows if row is not None and wanted.fits(row)]
            left -= looked_at
            if cursor is not None:
                return Page(watches, cursor)
        return Page(watches, None)

    async def _entries(
        self, wanted: Wanted, state: State, after: str, most: int, look_at: int
    ) -> tuple[Sequence[Entry], int, Cursor | None]:
        """Collect entries that may fit; also how many were looked at, and where to go on if there may be more."""
        found: list[Entry] = []
        looked_at = 0
        if most <= 0 or look_at <= 0:
            return found, looked_at, Cursor(state, after)
        async with aclosing(self._merged(wanted, state, after)) as entries:
            async for entry in entries:
                if len(found) == most or looked_at == look_at:
                    return found, looked_at, Cursor(state, after)
                looked_at, after = looked_at + 1, entry.key
                if wanted.may_fit(entry):
                    found.append(entry)
        return found, looked_at, None

    async def _merged(self, wanted: Wanted, state: State, after: str) -> AsyncGenerator[Entry, None]:
        """The entries of all APIs, in the order of their keys."""
        table: Entries = self.open if state == "watching" else self.ended
        before = LAST if state == "watching" else falling(self.now() - self.retention)
        searches = wanted.label is not None or wanted.outcome is not None
        page = LARGEST_QUERY if searches else wanted.limit + 1
        apis = self.apis if wanted.api is None else [wanted.api]
        streams = [table.entries(api, after, before, page) for api in apis]
        heads = await asyncio.gather(*(anext(stream, None) for stream in streams))
        waiting = {entry: stream for entry, stream in zip(heads, streams, strict=True) if entry is not None}
        while waiting:
            entry = min(waiting, key=lambda entry: entry.key)
            stream = waiting.pop(entry)
            yield entry
            if (following := await anext(stream, None)) is not None:
                waiting[following] = stream

    async def _row(self, state: State, entry: Entry) -> Watch | None:
        """The watch's row, if it still is what the entry says."""
        row = await self.rows.load(entry.watch_id)
        if state == "ended":
            return row if row and row.end and newest_first(row.end.at, row.id) == entry.key else None
        # One that has just ended is listed there, or about to be.
        return row if row and row.is_open and newest_first(row.started_at, row.id) == entry.key else None
