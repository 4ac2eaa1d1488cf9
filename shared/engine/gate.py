"""The gates of all APIs, and the number of watches in flight, cached for a few seconds.

At most one small read of each every few seconds, whatever the number of turns, and writes only after a 429.  A failed
read or write is logged and skipped: a gate saves requests, and no watch may be lost for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError

from shared.core.rate_limit import MINUTE, Clearance, GateState, Traffic, allowed, pace, refused, spacing, spread
from shared.engine.own_traffic import OwnTraffic

log = logging.getLogger("watch.gates")

#: The least time between two reads of a process: of the gates and, once a limit is known, of the number of watches.
BETWEEN_READS = timedelta(seconds=3)

#: How far a process may exceed the rate in one minute, since turns come at random; and over how long the turns beyond
#: that are spread.
MOST_ABOVE, COMES_BACK_WITHIN = 1.05, timedelta(seconds=10)

#: A gate that stays shut for less longer than this is not published again: the others know enough.
WORTH_A_WRITE = timedelta(seconds=1)

#: For how long a 429 that our rate does not explain makes the next one believed.
SUSPECTED_FOR = timedelta(seconds=10)

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
    _in_table: dict[str, GateState] = field(default_factory=dict, init=False)  #: as this process last saw it
    _watches: int = field(default=0, init=False)
    _read_at: datetime = field(default=LONG_AGO, init=False)
    _gates_read_at: datetime = field(default=LONG_AGO, init=False)
    _counts_next: bool = field(default=False, init=False)
    _own: OwnTraffic = field(default_factory=OwnTraffic, init=False)  #: to all APIs, which a budget counts
    _of_api: dict[str, OwnTraffic] = field(default_factory=lambda: defaultdict(OwnTraffic), init=False)
    _unwritten: dict[str, GateState] = field(default_factory=dict, init=False)  #: what the table did not take
    _suspected_at: dict[str, datetime] = field(default_factory=dict, init=False)
    _next_start: datetime = field(default=LONG_AGO, init=False)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def acquire(self, api: str, scheduled: timedelta) -> Clearance:
        """Return whether a watch of this API may poll now.  If so, count the poll.

        `scheduled` is how long the watch waits after it by its schedule.
        """
        await self._refresh()
        now, gate = self.now(), self._gates.get(api)
        rate = allowed(gate, self.budget, now)
        room = self._spacing(rate)
        if gate is not None and now < gate.opens_at:
            return Clearance(gate.opens_at, spread(gate, room), room)
        for most, traffic in ((self.budget, self._own), (rate, self._of_api[api])):
            if most is not None and traffic.asked(now) >= most * MOST_ABOVE:
                return Clearance(traffic.oldest + MINUTE, min(room, COMES_BACK_WITHIN), room)
        self._own.add(now)
        self._of_api[api].add(now, scheduled)
        return Clearance(spacing=room)

    def spend(self) -> None:
        """Count one more request of this process."""
        self._own.add(self.now())

    async def refused(self, api: str, asked_at: datetime, retry_after: timedelta) -> Clearance:
        """Shut the gate of an API after a 429 to what was asked then, unless that concerns its own watch alone."""
        before, now = self._gates.get(api), self.now()
        self._of_api[api].refused(now)
        after = refused(before, asked_at, now, retry_after, self._traffic(api, asked_at))
        if after is None or after.opens_at <= now:
            self._suspected_at[api] = now
        if after is not None:
            await self._change(api, before, after)
        await self._refresh()
        gate = self._gates.get(api)
        room = self._spacing(allowed(gate, self.budget, now))
        if gate is None or gate.opens_at <= now:
            return Clearance()
        if self._unwritten.get(api):  # nobody else holds this watch back, once this process is gone
            return Clearance(spacing=room)
        return Clearance(gate.opens_at, spread(gate, room), room)

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

    def _traffic(self, api: str, asked_at: datetime) -> Traffic:
        now, gate, own = self.now(), self._gates.get(api), self._of_api[api]
        return Traffic(
            asked=own.asked(now),
            usual=own.usual(now),
            since_open=own.between(gate.opens_at, asked_at) if gate else 0,
            demand=own.demand(self._watches),
            watches=self._watches,
            budget=self.budget,
            suspected=now - self._suspected_at.get(api, LONG_AGO) < SUSPECTED_FOR,
        )

    async def _change(self, api: str, before: GateState | None, after: GateState) -> None:
        """Take over and publish what a 429 has changed, unless it is next to nothing."""
        self._gates[api] = after
        longer = before is None or after.opens_at - before.opens_at >= WORTH_A_WRITE
        if longer:
            self._log("shut", api, after)
        if longer or (before is not None and before.learned != after.learned):
            await self._publish(api, after)

    def _log(self, event: str, api: str, gate: GateState) -> None:
        known = pace(gate, self.budget, self.now())
        rate = "any" if known.per_minute is None else f"{known.per_minute:.0f}"
        until = gate.opens_at.isoformat(timespec="seconds")
        log.warning("gate.%s api=%s until=%s per_minute=%s reason=%s", event, api, until, rate, known.reason)

    async def _refresh(self) -> None:
        """Read what is out of date; callers that come meanwhile wait for the same read."""
        if self._is_fresh():
            return
        async with self._reading:
            if self._is_fresh():
                return
            self._read_at = self.now()
            if self._counts_next:
                await self._count_watches()
            # Gates of long ago do not decide on a turn that comes alone: it would wait again for a gate that is lifted.
            if not self._counts_next or self._read_at - self._gates_read_at > 2 * BETWEEN_READS:
                self._gates_read_at = self._read_at
                await self._read_gates()
            self._counts_next = not self._counts_next and self._is_limited()

    def _is_fresh(self) -> bool:
        return self.now() - self._read_at < BETWEEN_READS

    def _is_limited(self) -> bool:
        return self.budget is not None or any(allowed(gate, None, self.now()) for gate in self._gates.values())

    async def _read_gates(self) -> None:
        """Take over what others have changed: processes, or an operator, who lifts a gate by deleting its row."""
        before = self._in_table
        try:
            found = dict(await self.read())
        except AzureError as error:
            log.warning("gates.unread error=%s: %s", type(error).__name__, error)
            return
        if self._in_table is not before:  # written meanwhile, so that this may be what was there before
            return
        for api in before.keys() - found.keys():
            log.warning("gate.lifted api=%s: its row is gone or unreadable", api)
            self._gates.pop(api, None)
            self._unwritten.pop(api, None)
        for api, gate in found.items():
            if gate != before.get(api):
                self._gates[api] = gate
                if gate.opens_at > self.now():
                    self._log("read", api, gate)
        self._in_table = found
        for api in tuple(self._unwritten):
            await self._write(api, self._gates[api])

    async def _count_watches(self) -> None:
        try:
            self._watches = await self.count()
        except AzureError as error:
            log.warning("watches.uncounted error=%s: %s", type(error).__name__, error)

    async def _publish(self, api: str, gate: GateState) -> None:
        """Tell the other processes, and find out how many watches are concerned."""
        self._counts_next, self._read_at, self._gates_read_at = True, LONG_AGO, self.now()
        await self._write(api, gate)

    async def _write(self, api: str, gate: GateState) -> None:
        """Write a gate; what fails is tried again after the next read.

        A process that was told to wait for longer has perhaps written in between: the gate opens when both may ask.
        """
        try:
            there = (await self.read()).get(api)
            if there is not None and there != self._in_table.get(api):
                gate = replace(gate, opens_at=max(gate.opens_at, there.opens_at))
            await self.write(api, gate)
        except AzureError as error:
            self._unwritten[api] = gate
            log.warning("gate.unwritten api=%s error=%s: %s", api, type(error).__name__, error)
        else:
            self._unwritten.pop(api, None)
            self._gates[api] = gate
            self._in_table = {**self._in_table, api: gate}
