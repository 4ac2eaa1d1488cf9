"""Queries that one row cannot spoil: the SDK raises for a page if it cannot read one value on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

#: What the SDK raises for a value that is not of the type that its row names, such as an instant that is none.
GARBLED_ERRORS = (ValueError, TypeError)

#: What is wrong with such a row, in place of the name of its column, which the SDK does not tell.
A_VALUE = "a value that is not of its type"

KEYS = ("PartitionKey", "RowKey")


@dataclass(frozen=True, slots=True)
class Garbled:
    """A row that the SDK cannot read."""

    partition: str
    key: str


async def entities(
    table: TableClient, wanted: str, *, select: Sequence[str] | None = None, parameters: Mapping[str, Any] | None = None
) -> AsyncIterator[TableEntity | Garbled]:
    """Yield the entities of a query, page by page.  From a page that the SDK cannot read on, one at a time.

    `select` has the keys among its columns, if it is given.
    """
    last = ("", "")
    filters = dict(parameters or {})
    try:
        async for entity in table.query_entities(wanted, parameters=filters, select=[*select] if select else None):
            last = (entity["PartitionKey"], entity["RowKey"])
            yield entity
    except GARBLED_ERRORS:
        pass
    else:
        return
    async for keys in table.query_entities(wanted, parameters=filters, select=[*KEYS]):
        place = (keys["PartitionKey"], keys["RowKey"])
        if place > last:
            try:
                yield await table.get_entity(*place)
            except GARBLED_ERRORS:
                yield Garbled(*place)
            except ResourceNotFoundError:  # deleted meanwhile
                continue
