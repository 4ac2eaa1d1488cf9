"""Clients of the queues.  Their SDK takes an eighth of the app's import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from azure.storage.queue.aio import QueueClient

from shared.storage.account import OPTIONS, Account, ByConnectionString, ByIdentity

#: Seconds, as the SDK expects.  By default its first retry waits 15 s, longer than a whole turn should take; these
#: settings wait about 0.5, 2 and 2.8 s.
RETRIES: dict[str, Any] = {
    "initial_backoff": 0.5,
    "increment_base": 1.5,
    "random_jitter_range": 0.5,
    "retry_total": 3,
}


@dataclass(frozen=True, slots=True)
class Queues:
    """One client per queue, kept for the life of the process."""

    tickets: Sequence[QueueClient]  #: those after the first are created when first needed
    callback_tickets: QueueClient


def open_queues(account: Account, tickets: Sequence[str], callback_tickets: str) -> Queues:
    """Connect to the queues of these names; raises ValueError unless a connection string is one."""
    match account:
        case ByConnectionString(connection_string):
            queue = partial(QueueClient.from_connection_string, connection_string)
        case ByIdentity(queues=uri, credential=credential):
            queue = partial(QueueClient, uri, credential=credential)
    queue = partial(queue, **RETRIES, **OPTIONS)
    return Queues([queue(name) for name in tickets], queue(callback_tickets))
