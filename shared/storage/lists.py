"""Tables that are read newest first, page by page: the index of open watches, and the results of ended ones."""

from __future__ import annotations

from collections.abc import AsyncIterator

from azure.data.tables.aio import TableClient

from shared.core.model import Watch
from shared.core.newest_first import newest_first
from shared.engine.lister import Entry
from shared.storage.upsert import put


class NewestFirstTable:
    """A table that is read newest first, partitioned by API."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def entries(self, api: str, after: str, before: str, page: int) -> AsyncIterator[Entry]:
        """Yield the entries of an API between two keys, in order; fetches page by page."""
        found = self._table.query_entities(
            "PartitionKey eq @api and RowKey gt @after and RowKey lt @before",
            parameters={"api": api, "after": after, "before": before},
            select=["PartitionKey", "RowKey", "WatchId", "Outcome", "Labels"],
            results_per_page=page,
        )
        async for row in found:
            yield Entry(
                api=row["PartitionKey"],
                key=row["RowKey"],
                watch_id=str(row.get("WatchId") or row["RowKey"].partition("_")[2]),
                outcome=str(row.get("Outcome") or ""),
                labels=str(row.get("Labels") or ""),
            )


class OpenIndex(NewestFirstTable):
    """The index port: one row per open watch.

    A row is added before the watch's own row and removed after the end is recorded, so the index is complete.  Entries
    may be stale, since a start may die in between; readers skip them.
    """

    async def add(self, watch: Watch) -> None:
        """Add an entry for an open watch.  Idempotent."""
        row = {
            "PartitionKey": watch.api,
            "RowKey": newest_first(watch.started_at, watch.id),
            "WatchId": watch.id,
            "Labels": ", ".join(watch.labels),
        }
        await put(self._table, row)

    async def remove(self, watch: Watch) -> None:
        """Remove its entry.  Idempotent."""
        await self.discard(watch.api, newest_first(watch.started_at, watch.id))

    async def discard(self, api: str, key: str) -> None:
        """Remove an entry by its key.  Idempotent."""
        await self._table.delete_entity(api, key)
