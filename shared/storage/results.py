"""The outcomes of all watches in Azure Table storage, for people: few, flat, readable columns, newest first."""

from __future__ import annotations

from typing import Any

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.core.model import End, Watch
from shared.core.newest_first import newest_first
from shared.storage.columns import column


class TableResults:
    """The record port, on one table."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def record(self, watch: Watch, end: End) -> None:
        """Write the row of an ended watch.  Idempotent: the key is derived from the watch."""
        await self._table.upsert_entity(result(watch, end), UpdateMode.REPLACE)


def result(watch: Watch, end: End) -> dict[str, Any]:
    """Return the row of an ended watch."""
    ids = {column(name): value for name, value in watch.job.items()}
    return {
        "PartitionKey": watch.api,
        "RowKey": newest_first(end.at, watch.id),
        "Outcome": end.outcome.value,
        "Reason": watch.reason,
        **ids,
        "Status": watch.status,
        "StartedAt": watch.started_at,
        "EndedAt": end.at,
        "DurationSeconds": (end.at - watch.started_at).total_seconds(),
        "Polls": watch.polls,
        "Faults": watch.faults,
        "Issues": watch.issues,
        "Evidence": "\n".join(watch.evidence),
        "WatchId": watch.id,
        "Labels": ", ".join(watch.labels),
    }
