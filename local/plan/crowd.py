"""The app's own gates, before which a sample of all watches stands.

One process is assumed, whatever the number of instances: with more of them the first minutes after a 429 may bring a
few more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from shared.core.rate_limit import Clearance, GateState
from shared.engine.gate import SharedGate


class Crowd:
    """The gate port.  Where each watch stands for `weight`, the gates see what they would see of all.

    A budget that is told is divided by the weight: then the sample alone is the crowd.  A limit that is to be learned
    cannot be divided, since the gates begin with a rate of their own: there each watch looks as often as it stands for
    watches.
    """

    def __init__(
        self,
        *,
        budget: float | None,
        learns: bool,
        weight: float,
        in_flight: Callable[[], int],
        now: Callable[[], datetime],
    ) -> None:
        """`budget`: requests a minute, if it is told; `learns`: whether there are limits to be met, if not."""
        self._looks = round(weight) if learns and budget is None else 1
        self._in_flight = in_flight
        self._table: dict[str, GateState] = {}
        self._gates = SharedGate(self._read, self._write, self._count, budget and budget / weight, now)

    async def acquire(self, api: str, scheduled: timedelta) -> Clearance:
        """Say whether a watch of this API may ask now, and count it if so."""
        clearance = await self._gates.acquire(api, scheduled)
        for _ in range(self._others()):
            await self._gates.acquire(api, scheduled)
        return clearance

    async def refused(self, api: str, asked_at: datetime, retry_after: timedelta) -> Clearance:
        """Shut the gate of an API after a 429."""
        return await self._gates.refused(api, asked_at, retry_after)

    async def admit(self) -> timedelta:
        """Say how long a new watch has to wait for its first turn."""
        wait = await self._gates.admit()
        for _ in range(self._others()):
            await self._gates.admit()
        return wait

    async def _read(self) -> Mapping[str, GateState]:
        return self._table

    async def _write(self, api: str, gate: GateState) -> None:
        self._table[api] = gate

    async def _count(self) -> int:
        return self._in_flight() * self._looks

    def _others(self) -> int:
        return self._looks - 1


@contextmanager
def quietly() -> Iterator[None]:
    """Let gates be shut without a word: they are not those of an app."""
    log = logging.getLogger("watch.gates")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
