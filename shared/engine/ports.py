"""What the engine needs of the world, as types: storage, events, a rate limit.  Each is mandatory wherever it is used.

Ports raise whatever their services raise: an exception means "deliver again".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeVar

from azure.core.exceptions import AzureError

from shared.core.model import End, Ticket, Watch
from shared.core.rate_limit import Clearance


class UndeliveredError(Exception):
    """Application Insights could not be reached, or asked to try again later."""


class Conflict(Exception):  # noqa: N818 -- the field's word for it
    """Someone else moved this row since it was loaded, or it exists already.  The caller reloads it, or leaves it."""


class Unreadable(Exception):  # noqa: N818 -- a state of the row
    """A row has columns that cannot be read.  No retry heals it: an operator mends it, stops it or restarts it."""

    def __init__(self, table: str, key: str, columns: Sequence[str]) -> None:
        super().__init__(f"The row {key} of {table} cannot be read: {', '.join(columns)}")
        self.table, self.key, self.columns = table, key, tuple(columns)


@dataclass(frozen=True, slots=True)
class Count:
    """How many watches of an API are open, and how many of these fell behind or are failing."""

    open: int = 0
    overdue: int = 0
    oldest_overdue: timedelta = timedelta(0)  #: how long ago the first of these was due
    failing: Mapping[str, int] = field(default_factory=dict)  #: those whose last turn learned nothing, by `Failing`


#: The two lists.
State = Literal["watching", "ended"]


@dataclass(frozen=True, slots=True)
class OpenWatch:
    """What the index has of an open watch."""

    id: str
    api: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """What a list knows of a watch before it reads the watch's own row."""

    api: str
    key: str  #: see `newest_first`
    watch_id: str
    outcome: str  #: "" in the list of open ones
    labels: str  #: as the table has them: contains each label


@dataclass(frozen=True, slots=True)
class Census:
    """All open watches, at one time."""

    counts: Mapping[str, Count]  #: of each API that has any
    open: Sequence[OpenWatch]
    unreadable: Sequence[Unreadable]  #: those that nobody can count, nor find when they are overdue


class Row(Protocol):
    """What tickets move: a watch, or a callback.  Its ETag is its store's business."""

    @property
    def id(self) -> str:
        """Its key, and what its tickets name."""

    @property
    def seq(self) -> int:
        """The fence: only the ticket with this number may take the next step."""

    @property
    def stepped_by(self) -> str:
        """The id of the queue message that took the last step."""

    @property
    def is_open(self) -> bool:
        """Whether it still takes steps."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it.  A row that is neither open nor settled owes an effect."""


R = TypeVar("R", bound=Row)


class Store(Protocol[R]):
    """All rows of one kind."""

    async def load(self, key: str) -> R | None:
        """Return the row, or None when there is none; raises `Unreadable`."""

    async def insert(self, row: R) -> R:
        """Add the row and return it as stored; raises `Conflict` when there is one already."""

    async def commit(self, row: R) -> R:
        """Replace the row only if it is still the one that its ETag names; raises `Conflict` otherwise."""

    async def delete(self, row: R) -> None:
        """Remove the row only if it is still the one that its ETag names; raises `Conflict` otherwise."""

    def stale(self, due_before: datetime, ended_before: datetime) -> AsyncIterator[R | Unreadable]:
        """Yield unsettled rows due before `due_before`, and settled rows that ended before `ended_before`.

        A row that cannot be read is yielded as what is wrong with it.
        """


class WatchStore(Store[Watch], Protocol):
    """The rows of all watches."""

    async def census(self, now: datetime, due_before: datetime) -> Census:
        """Go over all open watches; overdue is what was due before."""

    async def salvage(self, key: str, now: datetime) -> Watch | None:
        """Return the row, or None when there is none; one that cannot be read is first stopped, with what can be read.

        That makes it readable again.  Raises `Conflict` when someone else moved it meanwhile.
        """


class Gate(Protocol):
    """What all watches together may ask of the APIs.  Never raises for what storage does."""

    async def acquire(self, api: str, scheduled: timedelta) -> Clearance:
        """Return whether a watch of this API may poll now.  If so, count the poll.

        `scheduled` is how long the watch waits after it by its schedule.
        """

    async def refused(self, api: str, asked_at: datetime, retry_after: timedelta) -> Clearance:
        """Shut the gate of an API after a 429 to what was asked then, unless that concerns its own watch alone."""

    async def admit(self) -> timedelta:
        """Say how long a new watch has to wait for its first turn."""


class Index(Protocol):
    """The lists of open watches and of ended ones.

    They are complete, but entries may be stale: the watch has ended, was started again, or has no row.
    """

    async def add(self, watch: Watch) -> None:
        """Add an open watch.  Idempotent."""

    async def add_ended(self, watch: Watch, end: End) -> None:
        """Add the end of a watch.  Idempotent."""

    async def remove(self, watch: Watch) -> None:
        """Remove an open watch.  Idempotent."""


#: Sends a ticket that becomes visible after the delay, never earlier.
Send = Callable[[Ticket, timedelta], Awaitable[None]]

#: Sends one event on a message that is no ticket, or whose row is gone: why, and an excerpt of the message.
Reject = Callable[[str, str], Awaitable[None]]

#: Lets one in at a time for each name; see `OneAtATime`.
Lock = Callable[[str], AbstractAsyncContextManager[None]]

#: A service is away: waiting heals it.
OUTAGE = (AzureError, UndeliveredError, TimeoutError)

#: Errors that a retry may heal.
RETRYABLE = (*OUTAGE, Conflict)
