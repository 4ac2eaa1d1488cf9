"""The gates of all APIs, in Azure Table storage, and how many watches are in flight: read now and then, and kept.

At most one small read of each in a few seconds, whatever the number of turns, and no write but after a 429.  What could
not be read or written is logged and left: a gate saves requests, and no watch may be lost for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.traffic import HEADROOM, MINUTE, SMALLEST_TIER, Gate, Traffic, allowed, shut, spacing

log = logging.getLogger("watch.gates")

#: How old what is kept may be: of the gates, and of the number of watches.
FRESH_GATES, FRESH_COUNT = timedelta(seconds=4), timedelta(seconds=10)

PARTITION = "gate"


@dataclass(slots=True)
class Gates:
    """The gate port, on one table and one queue."""

    table: TableClient
    count: Callable[[], Awaitable[int]]  #: about how many watches are in flight
    budget: float | None  #: requests a minute of all watches together
    now: Callable[[], datetime]
    _gates: dict[str, Gate] = field(default_factory=dict, init=False)
    _gates_read: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _watches: int = field(default=0, init=False)
    _watches_read: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _next_start: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def look(self, api: str) -> Traffic:
        """Say how things stand for the watches of an API."""
        await self._refresh()
        gate = self._gates.get(api)
        rate = allowed(gate, self.budget, self.now())
        return Traffic(gate.opens_at if gate else None, spacing(self._watches, rate))

    async def shut(self, api: str, asked_at: datetime, told: timedelta | None) -> Traffic:
        """Shut the gate of an API after a 429; `told` is its Retry-After."""
        before = self._gates.get(api)
        most = SMALLEST_TIER * HEADROOM if self.budget is None else self.budget
        gate = self._gates[api] = shut(before, asked_at, self.now(), told, most)
        if before is None or gate.opens_at - before.opens_at >= timedelta(seconds=1):  # else others know enough
            log.warning("gate.shut api=%s until=%s per_minute=%.0f", api, gate.opens_at.isoformat(), gate.per_minute)
            await self._write(api, gate)
        return await self.look(api)

    async def admit(self) -> timedelta:
        """Say when a new watch may have its first turn: those started together begin one after the other."""
        await self._refresh()
        now = self.now()
        rates = [allowed(gate, self.budget, now) for gate in self._gates.values()] or [self.budget]
        known = [rate for rate in rates if rate is not None]
        if not known:
            return timedelta(0)
        turn = max(now, self._next_start)
        self._next_start = turn + MINUTE / min(known)
        return turn - now

    async def _refresh(self) -> None:
        if self._are_fresh():
            return
        async with self._reading:
            if self._are_fresh():  # somebody else has just read them
                return
            now = self.now()
            if now - self._gates_read >= FRESH_GATES:
                self._gates_read = now
                await self._read_gates()
            if self._are_limited() and now - self._watches_read >= FRESH_COUNT:
                self._watches_read = now
                await self._count_watches()

    def _are_fresh(self) -> bool:
        now = self.now()
        counted = now - self._watches_read < FRESH_COUNT or not self._are_limited()
        return now - self._gates_read < FRESH_GATES and counted

    def _are_limited(self) -> bool:
        now = self.now()
        return self.budget is not None or any(allowed(gate, None, now) for gate in self._gates.values())

    async def _read_gates(self) -> None:
        try:
            async for row in self.table.list_entities():
                self._keep(row)
        except ResourceNotFoundError:  # no table: nobody has met a limit yet
            return
        except (AzureError, KeyError, TypeError) as error:
            log.warning("gates.unread error=%s: %s", type(error).__name__, error)

    def _keep(self, row: TableEntity) -> None:
        """Keep a gate that another process has shut, unless ours is shut for longer."""
        found = Gate(row["OpensAt"], timedelta(seconds=row["WaitSeconds"]), row["PerMinute"])
        known = self._gates.get(row["RowKey"])
        if known is None or found.opens_at > known.opens_at:
            self._gates[row["RowKey"]] = found

    async def _count_watches(self) -> None:
        try:
            self._watches = await self.count()
        except AzureError as error:
            log.warning("watches.uncounted error=%s: %s", type(error).__name__, error)

    async def _write(self, api: str, gate: Gate) -> None:
        row = {
            "PartitionKey": PARTITION,
            "RowKey": api,
            "OpensAt": gate.opens_at,
            "WaitSeconds": gate.wait.total_seconds(),
            "PerMinute": gate.per_minute,
        }
        try:
            try:
                await self.table.upsert_entity(row, UpdateMode.REPLACE)
            except ResourceNotFoundError:
                await self._make_table()
                await self.table.upsert_entity(row, UpdateMode.REPLACE)
        except AzureError as error:
            log.warning("gate.unwritten api=%s error=%s: %s", api, type(error).__name__, error)

    async def _make_table(self) -> None:
        try:
            await self.table.create_table()
        except ResourceExistsError:  # another process was quicker
            return
