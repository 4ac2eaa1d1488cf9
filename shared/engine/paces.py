"""At what rate each API is asked now, and why: for operators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.core.rate_limit import GateState, Pace, pace


@dataclass(frozen=True, slots=True)
class Paces:
    """Reads the gates of all APIs.  Raises whatever storage raises."""

    read: Callable[[], Awaitable[Mapping[str, GateState]]]
    budget: float | None  #: requests a minute of all watches together
    apis: Iterable[str]
    now: Callable[[], datetime]

    async def all(self) -> Mapping[str, Pace]:
        """Return the pace of each API."""
        gates, now = await self.read(), self.now()
        return {api: pace(gates.get(api), self.budget, now) for api in self.apis}
