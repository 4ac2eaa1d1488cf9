"""The gates of all APIs in Azure Table storage, one row each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables.aio import TableClient
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from shared.core.rate_limit import MINUTE, GateState, LearnedRate
from shared.core.schedule import ABSURD
from shared.engine.ports import Unreadable
from shared.storage.entities import A_VALUE, Garbled, entities
from shared.storage.upsert import put

PARTITION = "gate"


class GateTable:
    """Gates in a table, one row each.  The table is created when first needed."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def read(self) -> Mapping[str, GateState]:
        """Return all gates, by API; empty before the first 429.  Those that cannot be read are left out."""
        return {key: gate async for key, gate in self._rows() if isinstance(gate, GateState)}

    async def unreadable(self) -> Sequence[Unreadable]:
        """Return the gates that cannot be read."""
        return [gate async for _, gate in self._rows() if isinstance(gate, Unreadable)]

    async def _rows(self) -> AsyncIterator[tuple[str, GateState | Unreadable]]:
        with suppress(ResourceNotFoundError):
            async for row in entities(self._table, "PartitionKey eq @gates", parameters={"gates": PARTITION}):
                if isinstance(row, Garbled):
                    yield row.key, Unreadable(self._table.table_name, row.key, [A_VALUE])
                    continue
                try:
                    yield row["RowKey"], _Row.model_validate(row).state()
                except ValidationError as error:
                    wrong = [str(column) for problem in error.errors() for column in problem["loc"]]
                    yield row["RowKey"], Unreadable(self._table.table_name, row["RowKey"], wrong)

    async def write(self, api: str, gate: GateState) -> None:
        """Write the gate of an API, replacing the last one."""
        row = {"PartitionKey": PARTITION, "RowKey": api, "ShutAt": gate.shut_at, "OpensAt": gate.opens_at}
        if gate.learned is not None:
            row |= {
                "PerMinute": gate.learned.per_minute,
                "Limit": gate.learned.limit,
                "Since": gate.learned.since,
                "WindowSeconds": gate.learned.window.total_seconds(),
                "Strays": gate.learned.strays,
            }
        await put(self._table, row)


#: Bounded, since arithmetic on rates and instants far beyond what the app writes overflows.
PositiveNumber = Annotated[float, Field(ge=1e-6, le=1e9, allow_inf_nan=False)]
Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC))]


class _Row(BaseModel):
    """The columns; a row that was written by hand, or by an older version, has only some of them."""

    OpensAt: Instant
    ShutAt: Instant | None = None
    PerMinute: PositiveNumber | None = None
    Limit: PositiveNumber | None = None
    Since: Instant | None = None
    WindowSeconds: Annotated[PositiveNumber, Field(le=ABSURD.total_seconds())] | None = None
    Strays: int | None = Field(None, ge=0, lt=2**31)

    def state(self) -> GateState:
        learned = None
        if self.PerMinute is not None:
            learned = LearnedRate(
                per_minute=self.PerMinute,
                limit=self.Limit or self.PerMinute,
                since=self.Since or self.OpensAt,
                window=max(MINUTE, timedelta(seconds=self.WindowSeconds or 0)),
                strays=self.Strays or 0,
            )
        return GateState(min(self.ShutAt or self.OpensAt, self.OpensAt), self.OpensAt, learned)
