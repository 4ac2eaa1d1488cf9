"""How every watch ended, in Azure Table storage, for people: few, flat, readable columns, newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.model import Watch
from shared.store import column

#: Tables sort by key, ascending, so newest first takes a key that falls as time goes on.
END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


class TableResults:
    """The record port, on one table."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def record(self, watch: Watch) -> None:
        """Write the row of an ended watch.  Its key comes from the watch alone: twice is once."""
        await self._table.upsert_entity(result(watch), UpdateMode.REPLACE)


def result(watch: Watch) -> dict[str, Any]:
    """Return the row of an ended watch."""
    if watch.outcome is None or watch.ended_at is None:
        raise ValueError(f"watch {watch.id} has not ended")
    ids = {column(name): value for name, value in watch.job.items()}
    return {
        "PartitionKey": watch.api,
        "RowKey": f"{_falling(watch.ended_at)}_{watch.id}",
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


def _falling(instant: datetime) -> str:
    """Return a text that sorts before that of any earlier instant.

    >>> _falling(datetime(2026, 1, 1, tzinfo=UTC)) > _falling(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC))
    True
    """
    return f"{(END_OF_TIME - instant) // timedelta(microseconds=1):018d}"
