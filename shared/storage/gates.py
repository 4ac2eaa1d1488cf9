"""The gates of all APIs in Azure Table storage, one row each."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from shared.core.rate_limit import GateState
from shared.storage.upsert import put

log = logging.getLogger("watch.gates")

PARTITION = "gate"


class GateTable:
    """Gates in a table, one row each.  The table is created when first needed."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def read(self) -> Mapping[str, GateState]:
        """Return all gates, by API; empty before the first 429.  Unreadable rows are ignored."""
        gates: dict[str, GateState] = {}
        with suppress(ResourceNotFoundError):
            async for row in self._table.list_entities():
                try:
                    gates[row["RowKey"]] = _limit(row)
                except ValueError as error:
                    log.warning("gate.unreadable api=%s: %s", row["RowKey"], error)
        return gates

    async def write(self, api: str, gate: GateState) -> None:
        """Write the gate of an API, replacing the last one."""
        row = {
            "PartitionKey": PARTITION,
            "RowKey": api,
            "OpensAt": gate.opens_at,
            "PerMinute": gate.per_minute,
        }
        await put(self._table, row)


def _limit(row: TableEntity) -> GateState:
    match row:
        case {"OpensAt": datetime() as opens_at, "PerMinute": float() | int() as per_minute} if per_minute > 0:
            return GateState(opens_at, per_minute)
    raise ValueError("OpensAt must be a time, and PerMinute a number above 0")
