"""The crash-safety protocol: what a ticket does to its row, exactly once, however often the queue delivers it.

Rule 1: commit, then act.  The row is the truth, and is swapped first; its effect, e.g. the next ticket, comes after.
Rule 2: the message that took the step acts again whenever it comes again: a crash may have come in between.
Rule 3: a lost swap is no end.  The row is read again, and says what this message still owes.

So steps are taken exactly once, and effects at least once.  docs/decisions/0001-commit-then-act.md shows which other
orders lose watches.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from shared.core.model import Ticket
from shared.engine.ports import Conflict, Lock, R, Reject, Store, Unreadable
from shared.engine.tickets import read_ticket, reject_ticket


class Kind(Protocol[R]):
    """One kind of row, and what its tickets do."""

    @property
    def rows(self) -> Store[R]:
        """Where they are."""

    @property
    def lock(self) -> Lock:
        """Keeps two deliveries of one row apart in this process.  Saves requests; the protocol does not need it."""

    @property
    def reject(self) -> Reject:
        """Reports a message that is no ticket, or that names no row."""

    def step(self, row: R, message_id: str, /) -> Awaitable[R]:
        """Return the row after its next step: seq + 1, and `stepped_by` this message.  It changes no row."""

    def act(self, row: R, /) -> Awaitable[object]:
        """Do what the row promises, from the row alone.  Idempotent."""

    def log_step(self, before: R, after: R, /) -> None:
        """Log a step that was committed."""


async def receive(kind: Kind[R], body: bytes, message_id: str) -> None:
    """Take a message off the queue.  Raises for what heals when the queue delivers it again."""
    if ticket := await read_ticket(body, kind.reject):
        async with kind.lock(ticket.id):
            await deliver(kind, ticket, message_id)


async def deliver(kind: Kind[R], ticket: Ticket, message_id: str) -> None:
    """Give a row its turn.  Called at least once per ticket, possibly late, possibly twice at once."""
    try:
        row = await kind.rows.load(ticket.id)
    except Unreadable as error:  # tending gives it a turn once it is mended
        await reject_ticket(str(error), ticket.to_json(), kind.reject)
        return
    if row is not None and row.is_open and row.seq == ticket.seq:  # the fence: it is this ticket's turn
        row = await _commit(kind, row, await kind.step(row, message_id))
    if row is None:
        await reject_ticket("no such row", ticket.to_json(), kind.reject)
        return
    owes = not row.is_open and not row.is_settled  # any ticket may publish an end that a failed stop left
    if row.stepped_by == message_id or owes:
        await _act(kind, row)


async def _commit(kind: Kind[R], before: R, after: R) -> R | None:
    try:
        row: R | None = await kind.rows.commit(after)
    except Conflict:
        row = await kind.rows.load(before.id)
        if row is not None and row.seq == before.seq:
            raise  # nobody took this step
        if row != after:
            return row
    kind.log_step(before, after)
    return row


async def _act(kind: Kind[R], row: R) -> None:
    try:
        await kind.act(row)
    except Conflict:
        found = await kind.rows.load(row.id)
        if found is not None and found.seq == row.seq and not found.is_settled:
            raise  # nobody did what this row owes
