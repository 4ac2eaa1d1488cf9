"""Reads tickets.  A message that is none is reported and dropped: to deliver it again would not help."""

from __future__ import annotations

import logging

from shared.core.model import Ticket
from shared.core.untrusted import tidy
from shared.engine.ports import Reject

log = logging.getLogger("watch")

#: Characters of a rejected message that are logged and sent.
LONGEST_EXCERPT = 100


async def read_ticket(body: bytes, reject: Reject) -> Ticket | None:
    """Read a queue message; None when it is no ticket, which is reported."""
    try:
        return Ticket.from_json(body)
    except ValueError:
        await reject_ticket("not a ticket", body.decode("utf-8", "replace"), reject)
        return None


async def reject_ticket(reason: str, text: str, reject: Reject) -> None:
    """Report a message that is dropped."""
    excerpt = tidy(text, LONGEST_EXCERPT)
    log.warning("ticket.rejected reason=%r excerpt=%r", reason, excerpt)
    await reject(reason, excerpt)
