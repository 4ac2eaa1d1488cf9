"""Stores that promise what those on tables promise, in memory; the integration tests hold both to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Generic, TypeVar

from shared.apis import APIS
from shared.core.callback import Callback
from shared.core.model import End, Watch
from shared.core.newest_first import newest_first
from shared.engine.mark import Mark
from shared.engine.ports import Census, Conflict, Count, Entry, OpenWatch, State

T = TypeVar("T", Watch, Callback)


class MemoryRows(Generic[T]):
    """The store port, on a dict."""

    def __init__(self) -> None:
        self.rows: dict[str, T] = {}
        self._versions = count(1)

    async def load(self, key: str) -> T | None:
        """Return the row, or None when there is none."""
        return self.rows.get(key)

    async def insert(self, row: T) -> T:
        """Add the row; raises `Conflict` when there is one already."""
        if row.id in self.rows:
            raise Conflict(row.id)
        return self._put(row)

    async def commit(self, row: T) -> T:
        """Replace the row it was loaded from; raises `Conflict` when that has changed or gone."""
        found = self.rows.get(row.id)
        if found is None or found.etag != row.etag:
            raise Conflict(row.id)
        return self._put(row)

    async def delete(self, row: T) -> None:
        """Remove the row it was loaded from; raises `Conflict` when that has changed, not when it has gone."""
        found = self.rows.get(row.id)
        if found is not None and found.etag != row.etag:
            raise Conflict(row.id)
        self.rows.pop(row.id, None)

    async def stale(self, due_before: datetime, ended_before: datetime) -> AsyncIterator[T]:
        """Find rows that were due before and are not settled, and settled ones that ended before."""
        for row in list(self.rows.values()):
            if _last_moved(row) < ended_before if row.is_settled else row.due < due_before:
                yield row

    def _put(self, row: T) -> T:
        self.rows[row.id] = replace(row, etag=f'W/"{next(self._versions)}"')
        return self.rows[row.id]


def _last_moved(row: Watch | Callback) -> datetime:
    return row.end.at if isinstance(row, Watch) and row.end else row.due


class MemoryWatches(MemoryRows[Watch]):
    """The store port of watches, on a dict."""

    async def salvage(self, key: str, now: datetime) -> Watch | None:  # noqa: ARG002
        """Return the row: here each can be read."""
        return await self.load(key)

    async def beginning(self, digits: str) -> AsyncGenerator[Watch, None]:
        """Give the rows whose ids begin so, in the order of their ids."""
        for key in sorted(self.rows):
            if key.startswith(digits):
                yield self.rows[key]

    async def census(self, now: datetime, due_before: datetime) -> Census:
        """Go over all open watches; overdue is what was due before."""
        rows = [watch for watch in self.rows.values() if watch.is_open]
        late = {api: [now - row.due for row in rows if row.api == api and row.due < due_before] for api in APIS}
        failing = {api: Counter(row.failing for row in rows if row.api == api and row.failing) for api in APIS}
        counts = {
            api: Count(
                sum(row.api == api for row in rows), len(late[api]), max(late[api], default=timedelta(0)), failing[api]
            )
            for api in APIS
        }
        found = [OpenWatch(row.id, row.api, row.started_at) for row in rows]
        return Census({api: count for api, count in counts.items() if count.open}, found, [])


class Forgetful(MemoryWatches):
    """The answer to each commit is lost, and the storage client's own retry meets our write."""

    async def commit(self, row: Watch) -> Watch:
        await super().commit(row)
        raise Conflict(row.id)


class MemoryIndex:
    """The index port, on a dict; `integration/test_shelves.py` holds both to it."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Entry] = {}  #: by list and key
        self.mark: Mark | None = None
        self.given = 0  #: entries that were read
        self.queries: list[str] = []  #: of which lists

    async def add(self, watch: Watch) -> None:
        """List an open watch.  Twice is once."""
        await self.add_all("watching", [entry_of(watch, watch.started_at)])

    async def add_ended(self, watch: Watch, end: End) -> None:
        """List an ended one.  Twice is once."""
        await self.add_all("ended", [entry_of(watch, end.at, str(end.outcome))])

    async def add_all(self, state: State, entries: Sequence[Entry]) -> None:
        """List several."""
        self.rows |= {(state, entry.key): entry for entry in entries}

    async def remove(self, watch: Watch) -> None:
        """List it no more.  Twice is once."""
        await self.discard("watching", newest_first(watch.started_at, watch.id))

    async def discard(self, state: State, key: str) -> None:
        """Remove an entry, if it is still there."""
        self.rows.pop((state, key), None)

    async def entries(self, state: State, api: str | None, after: str, before: str, page: int) -> AsyncIterator[Entry]:  # noqa: ARG002
        """Give the entries of a list between two keys, in order."""
        self.queries.append(state)
        for (of, key), entry in sorted(self.rows.items(), key=lambda item: item[0]):
            if of == state and after < key < before and api in {None, entry.api}:
                self.given += 1
                yield entry

    async def read_mark(self) -> Mark | None:
        """Return the mark."""
        return self.mark

    async def write_mark(self, mark: Mark) -> None:
        """Replace the mark."""
        self.mark = mark


class MemoryByApi:
    """Lists by API, on a dict: results, or open watches as earlier versions list them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Entry] = {}  #: by API and key
        self.given = 0
        self.queries: list[str] = []  #: of which APIs

    def add(self, watch: Watch) -> None:
        """Add an open watch, as an earlier version does."""
        self._add(entry_of(watch, watch.started_at))

    def record(self, watch: Watch) -> None:
        """Add the result of an ended one."""
        assert watch.end
        self._add(entry_of(watch, watch.end.at, str(watch.end.outcome)))

    def _add(self, entry: Entry) -> None:
        self.rows[entry.api, entry.key] = entry

    async def discard_of(self, api: str, key: str) -> None:
        """Remove an entry, if it is still there."""
        self.rows.pop((api, key), None)

    async def entries_of(self, api: str, after: str, before: str, page: int) -> AsyncIterator[Entry]:  # noqa: ARG002
        """Give the entries of an API between two keys, in order."""
        self.queries.append(api)
        for (of, key), entry in sorted(self.rows.items(), key=lambda item: item[0]):
            if of == api and after < key < before:
                self.given += 1
                yield entry


def entry_of(watch: Watch, at: datetime, outcome: str = "") -> Entry:
    """Return what a list says of a watch."""
    return Entry(watch.api, newest_first(at, watch.id), watch.id, outcome, ", ".join(watch.labels))
