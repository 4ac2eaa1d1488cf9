"""The gates of all APIs in Azure Table storage, one row each."""

from __future__ import annotations

from collections.abc import Mapping

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from shared.core.rate_limit import Limit
from shared.storage.tables import put

PARTITION = "gate"


class GateTable:
    """Gates in a table, one row each.  It is made when it is first needed."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def read(self) -> Mapping[str, Limit]:
        """Return all gates, by API; none when nobody has met a limit yet."""
        try:
            return {row["RowKey"]: _limit(row) async for row in self._table.list_entities()}
        except ResourceNotFoundError:
            return {}

    async def write(self, api: str, gate: Limit) -> None:
        """Put the gate of one API in place of its last one."""
        row = {
            "PartitionKey": PARTITION,
            "RowKey": api,
            "OpensAt": gate.opens_at,
            "PerMinute": gate.per_minute,
        }
        await put(self._table, row)


def _limit(row: TableEntity) -> Limit:
    return Limit(row["OpensAt"], row["PerMinute"])
