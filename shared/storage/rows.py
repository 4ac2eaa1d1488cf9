"""Rows of one kind in Azure Table storage, replaced by compare-and-swap on their ETags."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableEntity, TableErrorCode, UpdateMode
from azure.data.tables.aio import TableClient

from shared.engine.ports import Conflict, Unreadable
from shared.storage.columns import MalformedError
from shared.storage.entities import A_VALUE, GARBLED_ERRORS, KEYS, Garbled, entities

#: What no key may hold: "/", "\\", "#", "?" and control characters.  A ticket names 64 characters at most.
#: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
_KEY = re.compile(r"[^/\\#?\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,64}")

#: Before all instants of rows: what is not at or after it is no instant.
EPOCH = datetime(1700, 1, 1, tzinfo=UTC)


class TableRow(Protocol):
    """What a table needs to know of a row, which is a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> str:
        """The row key."""

    @property
    def etag(self) -> str:
        """What is compared and swapped on."""


T = TypeVar("T", bound=TableRow)


@dataclass(frozen=True, slots=True)
class Format(Generic[T]):
    """How rows of one kind are written, read and found."""

    write: Callable[[T], dict[str, Any]]  #: an entity without its keys
    read: Callable[[TableEntity], T]  #: raises `MalformedError`
    stale: str  #: the filter of `stale`; @due, @ended and @epoch need a space on both sides, since the SDK splits there
    is_stale: Callable[[T, datetime, datetime], bool]  #: the same of a row that can be read


class TableRows(Generic[T]):
    """The store port, on one table."""

    def __init__(self, table: TableClient, form: Format[T]) -> None:
        self._table, self._form = table, form

    async def load(self, key: str) -> T | None:
        """Return the row, or None when there is none; raises `Unreadable`."""
        entity = await self._entity_of(key)
        return None if entity is None else self._read(entity)

    async def insert(self, row: T) -> T:
        """Add the row; raises `Conflict` when there is one already."""
        try:
            saved = await self._table.create_entity(self._entity(row))
        except ResourceExistsError as error:
            raise Conflict(row.id) from error
        return replace(row, etag=saved["etag"])

    async def commit(self, row: T) -> T:
        """Replace the row it was loaded from; raises `Conflict` when that has changed or gone."""
        try:
            saved = await self._table.update_entity(
                self._entity(row), UpdateMode.REPLACE, etag=row.etag, match_condition=MatchConditions.IfNotModified
            )
        except (ResourceModifiedError, ResourceNotFoundError) as error:
            raise Conflict(row.id) from error
        return replace(row, etag=saved["etag"])

    async def delete(self, row: T) -> None:
        """Remove the row it was loaded from; raises `Conflict` when that has changed, not when it has gone."""
        try:
            await self._table.delete_entity(
                partition(row.id), row.id, etag=row.etag, match_condition=MatchConditions.IfNotModified
            )
        except ResourceModifiedError as error:
            raise Conflict(row.id) from error

    async def stale(self, due_before: datetime, ended_before: datetime) -> AsyncIterator[T | Unreadable]:
        """Yield unsettled rows due before `due_before`, and settled rows that ended before `ended_before`.

        Also what is wrong with a row that cannot be read, in its place.  One scan of the table, page by page; the
        service passes over what does not match.
        """
        parameters = {"due": due_before, "ended": ended_before, "epoch": EPOCH}
        async for entity in entities(self._table, self._form.stale, parameters=parameters):
            try:
                row = self._read(entity)
            except Unreadable as error:
                yield error
            else:
                if self._form.is_stale(row, due_before, ended_before):
                    yield row

    async def _entity_of(self, key: str) -> TableEntity | Garbled | None:
        if not is_key(key):
            return None
        try:
            return await self._table.get_entity(partition(key), key)
        except GARBLED_ERRORS:
            return Garbled(partition(key), key)
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) == TableErrorCode.RESOURCE_NOT_FOUND:
                return None
            raise  # the table itself is missing: no reason to think that there is no such row

    def _read(self, entity: TableEntity | Garbled) -> T:
        if isinstance(entity, Garbled):
            raise self._unreadable(entity.key, [A_VALUE])
        key = entity["RowKey"]
        if not is_in_place(entity):
            raise self._unreadable(key, KEYS)
        try:
            return self._form.read(entity)
        except MalformedError as error:
            raise self._unreadable(key, error.columns) from None

    def _unreadable(self, key: str, columns: Sequence[str]) -> Unreadable:
        return Unreadable(self._table.table_name, key, columns)

    def _entity(self, row: T) -> dict[str, Any]:
        return {**self._form.write(row), "PartitionKey": partition(row.id), "RowKey": row.id}


def is_key(text: str) -> bool:
    """Whether a row may have this key."""
    return _KEY.fullmatch(text) is not None


def is_in_place(entity: TableEntity) -> bool:
    """Whether a row is where it is looked for; somebody may have made one elsewhere."""
    key = entity["RowKey"]
    return is_key(key) and entity["PartitionKey"] == partition(key)


def partition(key: str) -> str:
    """Spread the load over 256 partitions, each of which takes 2,000 entities a second.

    https://learn.microsoft.com/azure/storage/tables/scalability-targets
    """
    return key[:2]
