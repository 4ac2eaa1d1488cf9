"""Writes rows of one partition together: many that come while others are being written share the next transaction.

Databases call it group commit.  Few are written at once, each by a request of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.storage.upsert import put

log = logging.getLogger("watch.lists")

#: Entities that one transaction may write, each once; all of them may have 4 MiB.
#: https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
LARGEST_TRANSACTION = 100

#: Fewer take less of the processor as requests of their own; see docs/benchmarks.md.
SMALLEST_TRANSACTION = 8

Row = Mapping[str, Any]


class Together:
    """Inserts or replaces rows of one partition, each of a few KB at most."""

    def __init__(self, table: TableClient) -> None:
        self._table = table
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def put(self, row: Row) -> None:
        """Return when the row is written; raises what its own request would raise."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((row, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await written

    async def _write_all(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:LARGEST_TRANSACTION], self._waiting[LARGEST_TRANSACTION:]
            results = await self._write([row for row, _ in some])
            for (_, written), error in zip(some, results, strict=True):
                if written.cancelled():
                    continue
                if error is None:
                    written.set_result(None)
                else:
                    written.set_exception(error)

    async def _write(self, rows: Sequence[Row]) -> Sequence[BaseException | None]:
        """Write all of them: many in one transaction, few each alone; of a row that came twice, the later one."""
        different = {row["RowKey"]: row for row in rows}
        if len(different) >= SMALLEST_TRANSACTION and await self._write_as_one([*different.values()]):
            return [None] * len(rows)
        written = await asyncio.gather(*(put(self._table, row) for row in different.values()), return_exceptions=True)
        results = dict(zip(different, written, strict=True))
        return [results[row["RowKey"]] for row in rows]

    async def _write_as_one(self, rows: Sequence[Row]) -> bool:
        """Write all or none.  If that fails, it may be for one of them, or the table is missing."""
        try:
            await self._table.submit_transaction([("upsert", row, {"mode": UpdateMode.REPLACE}) for row in rows])
        except Exception as error:  # noqa: BLE001 -- whatever it is, requests of their own meet it, and tell whom it concerns
            log.warning("rows.apart rows=%d error=%s: each is written alone", len(rows), type(error).__name__)
            return False
        return True
