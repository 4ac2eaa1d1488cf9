"""The gates of all APIs in Azure Table storage, one row each."""

from __future__ import annotations

from collections.abc import Mapping

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from shared.core.rate_limit import Gate
from shared.storage.tables import put

PARTITION = "gate"


class GateTable:
    """Gates in a table, one row each.  The table is created when first needed."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def read(self) -> Mapping[str, Gate]:
        """Return all gates, by API; empty before the first 429."""
        try:
            return {row["RowKey"]: _gate(row) async for row in self._table.list_entities()}
        except ResourceNotFoundError:
            return {}

    async def write(self, api: str, gate: Gate) -> None:
        """Write the gate of an API, replacing the last one."""
        row = {
            "PartitionKey": PARTITION,
            "RowKey": api,
            "OpensAt": gate.opens_at,
            "PerMinute": gate.per_minute,
        }
        await put(self._table, row)


def _gate(row: TableEntity) -> Gate:
    return Gate(row["OpensAt"], row["PerMinute"])
