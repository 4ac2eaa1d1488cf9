"""Clients of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from azure.data.tables.aio import TableClient

from shared.storage.account import OPTIONS, Account, ByConnectionString, ByIdentity

#: Seconds, as the SDK expects.
RETRIES: dict[str, Any] = {"retry_backoff_factor": 0.5, "retry_backoff_max": 4, "retry_total": 3}


@dataclass(frozen=True, slots=True)
class Tables:
    """One client per table, kept for the life of the process."""

    watches: TableClient
    results: TableClient
    open: TableClient
    callbacks: TableClient
    gates: TableClient  #: created when first needed


def open_tables(account: Account, **names: str) -> Tables:
    """Connect to the tables of these names; raises ValueError unless a connection string is one."""
    match account:
        case ByConnectionString(connection_string):
            table = partial(TableClient.from_connection_string, connection_string)
        case ByIdentity(tables=uri, credential=credential):
            table = partial(TableClient, uri, credential=credential)
    return Tables(**{part: table(name, **RETRIES, **OPTIONS) for part, name in names.items()})
