"""The outcomes of all watches in Azure Table storage, for people: few, flat, readable columns, newest first."""

from __future__ import annotations

from typing import Any

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.core.model import Watch
from shared.core.newest_first import newest_first
from shared.storage.watches import column


class TableResults:
    """The record port, on one table."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def record(self, watch: Watch) -> None:
        """Write the row of an ended watch.  Idempotent: the key is derived from the watch."""
        await self._table.upsert_entity(result(watch), UpdateMode.REPLACE)


def result(watch: Watch) -> dict[str, Any]:
    """Return the row of an ended watch."""
    if watch.outcome is None or watch.ended_at is None:
        raise ValueError(f"watch {watch.id} has not ended")
    ids = {column(name): value for name, value in watch.job.items()}
    return {
        "PartitionKey": watch.api,
        "RowKey": newest_first(watch.ended_at, watch.id),
        "Outcome": watch.outcome.value,
        "Reason": watch.reason,
        **ids,
        "Status": watch.status,
        "StartedAt": watch.started_at,
        "EndedAt": watch.ended_at,
        "DurationSeconds": (watch.ended_at - watch.started_at).total_seconds(),
        "Polls": watch.polls,
        "Faults": watch.faults,
        "Issues": watch.issues,
        "Evidence": "\n".join(watch.evidence),
        "WatchId": watch.id,
        "Labels": ", ".join(watch.labels),
    }
