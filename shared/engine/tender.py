"""Looks after all rows: counts open watches, revives what fell behind, deletes what ended long ago."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import starmap

from shared.core.callback import Callback
from shared.core.model import Watch
from shared.core.rate_limit import Pace
from shared.engine.ports import OUTAGE, Conflict, Count, OpenWatch, R, Store, Unreadable, WatchStore

log = logging.getLogger("watch.tending")

#: Rows in hand at a time, each of which takes two or three calls.
AT_ONCE = 50

#: Rows that cannot be read, of which a round sends events; the log has all.
MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Tender:
    """One round over the tables.  Two at once do no harm: who loses a row to the other leaves it."""

    watches: WatchStore
    callbacks: Store[Callback]
    revive: Callable[[Watch], Awaitable[None]]  #: see `Reviver`
    revive_callback: Callable[[Callback], Awaitable[None]]  #: see `CallbackSender`
    counted: Callable[[str | None, Count, Pace | None], Awaitable[None]]  #: one event on an API's watches and pace
    shut_for_long: Callable[[str, Pace], Awaitable[None]]  #: one event on an API that nobody may ask for long
    paces: Callable[[], Awaitable[Mapping[str, Pace]]]  #: at what rate each API is asked
    now: Callable[[], datetime]
    grace: timedelta  #: how late a turn may be before its ticket counts as lost
    retention: timedelta  #: how long the row of an ended watch stays; its result stays for ever
    unreadable: Callable[[Unreadable], Awaitable[None]]  #: one event on a row that cannot be read
    unreadable_gates: Callable[[], Awaitable[Sequence[Unreadable]]]
    tidy: Callable[[Sequence[OpenWatch]], Awaitable[None]]  #: see `Tidier` and `Upgrade`

    async def round(self) -> int:
        """Count, tend, tidy, and send the events last: an outage of events delays no watch.

        Returns how many rows could not be tended; the next round finds them again.  The count comes first, since what
        is tended is no longer overdue.
        """
        now = self.now()
        census = await self.watches.census(now, due_before=now - self.grace)
        failed, unreadable = await self.tend()
        await self._tidy(census.open)
        paces = await self._paces()
        rows = {(row.table, row.key): row for row in (*census.unreadable, *unreadable, *await self._unreadable_gates())}
        for row in rows.values():
            log.error("row.unreadable %s", row)
        await asyncio.gather(*map(self.unreadable, [*rows.values()][:MOST_TOLD]))
        await asyncio.gather(*starmap(self.counted, _told(census.counts, paces)))
        await asyncio.gather(*(self.shut_for_long(api, pace) for api, pace in paces.items() if pace.is_shut_for_long))
        return failed

    async def _tidy(self, open_watches: Sequence[OpenWatch]) -> None:
        try:
            await self.tidy(open_watches)
        except OUTAGE as error:  # the events matter more
            log.warning("index.untidied error=%s: %s", type(error).__name__, error)

    async def _unreadable_gates(self) -> Sequence[Unreadable]:
        try:
            return await self.unreadable_gates()
        except OUTAGE as error:
            log.warning("gates.unread error=%s: %s", type(error).__name__, error)
            return ()

    async def _paces(self) -> Mapping[str, Pace]:
        try:
            return await self.paces()
        except OUTAGE as error:  # the counts matter more
            log.warning("gates.unread error=%s: %s", type(error).__name__, error)
            return {}

    async def tend(self) -> tuple[int, Sequence[Unreadable]]:
        """Go over both tables once; returns how many rows failed, and those that cannot be read."""
        unreadable: list[Unreadable] = []
        failed = await self._tend(self.watches, self.revive, unreadable)
        failed += await self._tend(self.callbacks, self.revive_callback, unreadable)
        return failed, unreadable

    async def _tend(self, rows: Store[R], revive: Callable[[R], Awaitable[None]], unreadable: list[Unreadable]) -> int:
        now, failed = self.now(), 0
        async for group in _grouped(rows.stale(now - self.grace, now - self.retention), unreadable):
            failed += sum(await asyncio.gather(*(_tend_row(rows, row, revive) for row in group)))
        return failed


def _told(counts: Mapping[str, Count], paces: Mapping[str, Pace]) -> Iterable[tuple[str | None, Count, Pace | None]]:
    """Yield what each API has to tell: those with open watches, and those that a 429 slows.

    If none has, what is yielded is of no API, so that silence means that the app is silent: nothing is open, and
    whichever pace is known is that of all.  So the cost of a round depends on the APIs in use.
    """
    told = {**{api: Count() for api, pace in paces.items() if pace.is_held_back}, **counts}
    for api, count in told.items():
        yield api, count, paces.get(api)
    if not told:
        yield None, Count(), next(iter(paces.values()), None)


async def _tend_row(rows: Store[R], row: R, revive: Callable[[R], Awaitable[None]]) -> int:
    """Tend one row; returns 1 when that failed, else 0.  One row must not keep the round from the others."""
    try:
        await (rows.delete(row) if row.is_settled else revive(row))
    except Conflict:  # it has just moved, so it needs nothing
        return 0
    except OUTAGE as error:
        log.warning("row.untended row=%s error=%s: %s", row.id, type(error).__name__, error)
        return 1
    except Exception:
        log.exception("row.untended row=%s", row.id)
        return 1
    return 0


async def _grouped(rows: AsyncIterator[R | Unreadable], unreadable: list[Unreadable]) -> AsyncIterator[list[R]]:
    """Group rows, so that never more than `AT_ONCE` are held; set those apart that cannot be read."""
    group: list[R] = []
    async for row in rows:
        if isinstance(row, Unreadable):
            unreadable.append(row)
            continue
        group.append(row)
        if len(group) == AT_ONCE:
            yield group
            group = []
    if group:
        yield group
