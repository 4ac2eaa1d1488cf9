"""What the engine needs of the world, as types: storage, events, a rate limit.  Each is mandatory wherever it is used.

Ports raise whatever their services raise: an exception means "deliver again".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from azure.core.exceptions import AzureError

from shared.core.model import Watch
from shared.core.rate_limit import Traffic

#: Characters of a rejected message that are logged and sent.
LONGEST_EXCERPT = 100


class UndeliveredError(Exception):
    """Application Insights could not be reached, or asked to try again later."""


class Conflict(Exception):  # noqa: N818 -- the field's word for it
    """Someone else moved this watch since it was loaded.  The queue will deliver the ticket again."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many watches of an API are open, and how many of these fell behind."""

    open: int = 0
    overdue: int = 0
    oldest_overdue: timedelta = timedelta(0)  #: how long ago the first of these was due


class Store(Protocol):
    """The rows of all watches."""

    async def load(self, watch_id: str) -> Watch | None:
        """Return the row, or None when there is none."""

    async def insert(self, watch: Watch) -> Watch:
        """Add the row and return it as stored; raises `Conflict` when there is one already."""

    async def commit(self, watch: Watch) -> Watch:
        """Replace the row only if it is still the one `watch.etag` names; raises `Conflict` otherwise."""

    def stale(self, due_before: datetime, ended_before: datetime) -> AsyncIterator[Watch]:
        """Find rows that were due before and are not published, and published ones that ended before."""

    async def census(self, now: datetime, due_before: datetime) -> Mapping[str, Count]:
        """Count the open watches of each API that has any; overdue is what was due before."""

    async def delete(self, watch: Watch) -> None:
        """Remove the row only if it is still the one `watch.etag` names; raises `Conflict` otherwise."""


class Gate(Protocol):
    """What all watches together may ask of the APIs.  Never raises for what storage does."""

    async def look(self, api: str) -> Traffic:
        """Say whether a watch of this API may ask now, and count it if so."""

    async def shut(self, api: str, asked_at: datetime, told: timedelta) -> Traffic:
        """Shut the gate of an API after a 429 to what was asked then, for as long as it says."""

    async def admit(self) -> timedelta:
        """Say how long a new watch has to wait for its first turn."""


class Index(Protocol):
    """A list of the open watches.  Each is on it; some that are on it have ended, or never were."""

    async def add(self, watch: Watch) -> None:
        """List a watch as open.  Twice is once."""

    async def remove(self, watch: Watch) -> None:
        """List it no more.  Twice is once."""


#: A service is away: waiting heals it.
OUTAGE = (AzureError, UndeliveredError, TimeoutError)

#: What the same request or message may meet no more when it comes again.
HEALS = (*OUTAGE, Conflict)
