"""A store that promises what `TableStore` promises, in memory; `integration/test_store.py` holds both to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from shared.apis import APIS
from shared.core.model import Watch
from shared.core.newest_first import newest_first
from shared.engine.lister import Entry
from shared.engine.ports import Conflict, Count


class MemoryStore:
    """The store port, on a dict."""

    def __init__(self) -> None:
        self.rows: dict[str, Watch] = {}
        self._versions = count(1)

    async def load(self, watch_id: str) -> Watch | None:
        """Return the row, or None when there is none."""
        return self.rows.get(watch_id)

    async def insert(self, watch: Watch) -> Watch:
        """Add the row; raises `Conflict` when there is one already."""
        if watch.id in self.rows:
            raise Conflict(watch.id)
        return self._put(watch)

    async def commit(self, watch: Watch) -> Watch:
        """Replace the row it was loaded from; raises `Conflict` when that has changed or gone."""
        found = self.rows.get(watch.id)
        if found is None or found.etag != watch.etag:
            raise Conflict(watch.id)
        return self._put(watch)

    async def stale(self, due_before: datetime, ended_before: datetime) -> AsyncIterator[Watch]:
        """Find rows that were due before and are not published, and published ones that ended before."""
        for watch in list(self.rows.values()):
            long_ended = watch.ended_at is not None and watch.ended_at < ended_before
            untold = watch.callback_due is not None and watch.callback_due < due_before
            if untold or (long_ended if watch.published else watch.due < due_before):
                yield watch

    async def census(self, now: datetime, due_before: datetime) -> Mapping[str, Count]:
        """Count the open watches of each API that has any; overdue is what was due before."""
        rows = [watch for watch in self.rows.values() if watch.outcome is None]
        late = {api: [now - row.due for row in rows if row.api == api and row.due < due_before] for api in APIS}
        counts = {
            api: Count(sum(row.api == api for row in rows), len(late[api]), max(late[api], default=timedelta(0)))
            for api in APIS
        }
        return {api: count for api, count in counts.items() if count.open}

    async def delete(self, watch: Watch) -> None:
        """Remove the row it was loaded from; raises `Conflict` when that has changed, not when it has gone."""
        found = self.rows.get(watch.id)
        if found is not None and found.etag != watch.etag:
            raise Conflict(watch.id)
        self.rows.pop(watch.id, None)

    def _put(self, watch: Watch) -> Watch:
        self.rows[watch.id] = replace(watch, etag=f'W/"{next(self._versions)}"')
        return self.rows[watch.id]


class MemoryIndex:
    """The index port, on a dict; `integration/test_shelves.py` holds both to it."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Entry] = {}

    async def add(self, watch: Watch) -> None:
        """List a watch as open.  Twice is once."""
        key = newest_first(watch.started_at, watch.id)
        self.rows[watch.api, key] = Entry(watch.api, key, watch.id, "", ", ".join(watch.labels))

    async def remove(self, watch: Watch) -> None:
        """List it no more.  Twice is once."""
        await self.discard(watch.api, newest_first(watch.started_at, watch.id))

    async def entries(self, api: str, after: str, before: str, page: int) -> AsyncIterator[Entry]:  # noqa: ARG002
        """Give the entries of an API between two keys, in order."""
        for (of, key), entry in sorted(self.rows.items(), key=lambda item: item[0]):
            if of == api and after < key < before:
                yield entry

    async def discard(self, api: str, key: str) -> None:
        """Remove an entry, if it is still there."""
        self.rows.pop((api, key), None)
