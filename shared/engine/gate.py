"""The gates of all APIs, and the number of watches in flight, cached for a few seconds.

At most one small read of each every few seconds, whatever the number of turns, and writes only after a 429.  A failed
read or write is logged and skipped: a gate saves requests, and no watch may be lost for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError

from shared.core.rate_limit import MINUTE, Clearance, GateState, allowed, assumed, shut, spacing
from shared.core.schedule import SOONEST

log = logging.getLogger("watch.gates")

#: The least time between two reads of a process: of the gates and, once a limit is known, of the number of watches.
BETWEEN_READS = timedelta(seconds=3)

#: How far a process may exceed the rate in one minute, since turns come at random; and over how long the turns beyond
#: that are spread.
MOST_ABOVE, COMES_BACK_WITHIN = 1.05, timedelta(seconds=10)

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class SharedGate:
    """The gate port, for one process."""

    read: Callable[[], Awaitable[Mapping[str, GateState]]]
    write: Callable[[str, GateState], Awaitable[None]]
    count: Callable[[], Awaitable[int]]  #: about how many watches are in flight
    budget: float | None  #: requests a minute of all watches together
    now: Callable[[], datetime]
    scale: float = 1.0  #: of the spacing, which is a wait of ours
    _gates: dict[str, GateState] = field(default_factory=dict, init=False)
    _watches: int = field(default=0, init=False)
    _read_at: datetime = field(default=LONG_AGO, init=False)
    _counts_next: bool = field(default=False, init=False)
    _asked: deque[datetime] = field(default_factory=deque, init=False)  #: when this process did, within a minute
    _next_start: datetime = field(default=LONG_AGO, init=False)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def acquire(self, api: str) -> Clearance:
        """Return whether a watch of this API may poll now.  If so, count the poll."""
        await self._refresh()
        now, gate = self.now(), self._gates.get(api)
        rate = allowed(gate, self.budget, now)
        room = self._spacing(rate)
        if gate is not None and now < gate.opens_at:
            return Clearance(gate.opens_at, room, room)
        asked = self._asked_lately(now)
        if rate is not None and asked >= rate * MOST_ABOVE:
            return Clearance(self._asked[0] + MINUTE, min(room, COMES_BACK_WITHIN), room)
        self._asked.append(now)
        return Clearance(spacing=room)

    def spend(self) -> None:
        """Count one more request of this process."""
        self._asked.append(self.now())

    async def shut(self, api: str, asked_at: datetime, retry_after: timedelta) -> Clearance:
        """Shut the gate of an API after a 429 to what was asked then, for as long as it says."""
        before, now = self._gates.get(api), self.now()
        most = assumed(self._asked_lately(now)) if self.budget is None else self.budget
        since = sum(asked >= before.opens_at for asked in self._asked) if before else 0
        gate = self._gates[api] = shut(before, asked_at, now + max(retry_after, SOONEST), most, since)
        if before is None or gate.opens_at - before.opens_at >= timedelta(seconds=1):  # else others know enough
            log.warning("gate.shut api=%s until=%s per_minute=%.0f", api, gate.opens_at.isoformat(), gate.per_minute)
            await self._publish(api, gate)
        await self._refresh()
        room = self._spacing(gate.per_minute)
        return Clearance(gate.opens_at, room, room)

    async def admit(self) -> timedelta:
        """Say when a new watch may take its first turn: watches that start together begin one after the other."""
        await self._refresh()
        now = self.now()
        rates = [allowed(gate, self.budget, now) for gate in self._gates.values()] or [self.budget]
        known = [rate for rate in rates if rate is not None]
        if not known:
            return timedelta(0)
        turn = max(now, self._next_start)
        self._next_start = turn + MINUTE / min(known) * self.scale
        return turn - now

    def _spacing(self, rate: float | None) -> timedelta:
        return spacing(self._watches, rate) * self.scale

    def _asked_lately(self, now: datetime) -> int:
        while self._asked and now - self._asked[0] >= MINUTE:
            self._asked.popleft()
        return len(self._asked)

    async def _refresh(self) -> None:
        """Read what is out of date; callers that come meanwhile wait for the same read."""
        if self._is_fresh():
            return
        async with self._reading:
            if self._is_fresh():
                return
            self._read_at = self.now()
            await (self._count_watches() if self._counts_next else self._read_gates())
            self._counts_next = not self._counts_next and self._is_limited()

    def _is_fresh(self) -> bool:
        return self.now() - self._read_at < BETWEEN_READS

    def _is_limited(self) -> bool:
        return self.budget is not None or any(allowed(gate, None, self.now()) for gate in self._gates.values())

    async def _read_gates(self) -> None:
        """Take over what other processes have shut, unless it is shut here for longer."""
        try:
            found = await self.read()
        except AzureError as error:
            log.warning("gates.unread error=%s: %s", type(error).__name__, error)
            return
        for api, gate in found.items():
            known = self._gates.get(api)
            if known is None or gate.opens_at > known.opens_at:
                self._gates[api] = gate

    async def _count_watches(self) -> None:
        try:
            self._watches = await self.count()
        except AzureError as error:
            log.warning("watches.uncounted error=%s: %s", type(error).__name__, error)

    async def _publish(self, api: str, gate: GateState) -> None:
        """Tell the other processes, and find out how many watches are concerned."""
        self._counts_next, self._read_at = True, LONG_AGO
        try:
            await self.write(api, gate)
        except AzureError as error:
            log.warning("gate.unwritten api=%s error=%s: %s", api, type(error).__name__, error)
