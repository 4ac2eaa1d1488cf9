"""Tables that are read newest first, page by page: the index, which has both lists, and the tables by API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableEntity, TableErrorCode
from azure.data.tables.aio import TableClient

from shared.core.model import End, Watch
from shared.core.newest_first import newest_first
from shared.engine.mark import Mark
from shared.engine.ports import Entry, State
from shared.storage.entities import GARBLED_ERRORS
from shared.storage.together import Together
from shared.storage.upsert import put

COLUMNS = ["PartitionKey", "RowKey", "WatchId", "Api", "Outcome", "Labels"]

BETWEEN = "PartitionKey eq @partition and RowKey gt @after and RowKey lt @before"

#: Where the index says how far it has what earlier versions listed.
MARK = ("upgrade", "lists")


class TableIndex:
    """The index port: a partition of open watches and one of ended ones, named as the lists are.

    A partition takes 2,000 entities a second, far more than watches begin or end.
    https://learn.microsoft.com/azure/storage/tables/scalability-targets

    An open watch's entry is added before its own row, and removed after its end is recorded; that of an end is added
    before its result.  So both lists are complete.  Entries may be stale, since a start may die in between; readers
    skip them.
    """

    def __init__(self, table: TableClient) -> None:
        self._table = table
        self._lists = {state: Together(table) for state in get_args(State)}  #: an entry has at most 5 KB

    def entries(self, state: State, api: str | None, after: str, before: str, page: int) -> AsyncIterator[Entry]:
        """Yield the entries of a list between two keys, in order, of one API or of all; fetches page by page."""
        wanted, only = ("", {}) if api is None else (" and Api eq @api", {"api": api})
        parameters = {"partition": state, "after": after, "before": before, **only}
        return _entries(self._table, f"{BETWEEN}{wanted}", parameters, page)

    async def add(self, watch: Watch) -> None:
        """Add an open watch.  Idempotent."""
        await self._lists["watching"].put(_row("watching", _entry(watch, watch.started_at, "")))

    async def add_ended(self, watch: Watch, end: End) -> None:
        """Add the end of a watch.  Idempotent."""
        await self._lists["ended"].put(_row("ended", _entry(watch, end.at, end.outcome.value)))

    async def add_all(self, state: State, entries: Sequence[Entry]) -> None:
        """Add entries that another list has.  Idempotent."""
        await asyncio.gather(*(self._lists[state].put(_row(state, entry)) for entry in entries))

    async def remove(self, watch: Watch) -> None:
        """Remove an open watch.  Idempotent."""
        await self.discard("watching", newest_first(watch.started_at, watch.id))

    async def discard(self, state: State, key: str) -> None:
        """Remove an entry by its key.  Idempotent."""
        await self._table.delete_entity(state, key)

    async def read_mark(self) -> Mark | None:
        """Return how far the upgrade has come; None before its first round, and where somebody spoiled it."""
        try:
            row = await self._table.get_entity(*MARK)
        except GARBLED_ERRORS:
            return None
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) == TableErrorCode.RESOURCE_NOT_FOUND:
                return None
            raise  # the table itself is missing
        since, begun, after, until = (row.get(name) for name in ("Since", "Begun", "After", "Until"))
        if not (isinstance(since, datetime) and isinstance(begun, datetime) and isinstance(after, str)):
            return None
        return Mark(since, begun, after, until if isinstance(until, datetime) else None)

    async def write_mark(self, mark: Mark) -> None:
        """Say how far the upgrade has come."""
        row: dict[str, Any] = {"PartitionKey": MARK[0], "RowKey": MARK[1]}
        row |= {"Since": mark.since, "Begun": mark.begun, "After": mark.after}
        if mark.until is not None:
            row["Until"] = mark.until
        await put(self._table, row)


class TableByApi:
    """A table with a partition for each API."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def entries_of(self, api: str, after: str, before: str, page: int) -> AsyncIterator[Entry]:
        """Yield the entries of an API between two keys, in order; fetches page by page."""
        return _entries(self._table, BETWEEN, {"partition": api, "after": after, "before": before}, page)


class EarlierIndex(TableByApi):
    """The index of open watches as earlier versions write it, in the same table."""

    async def discard_of(self, api: str, key: str) -> None:
        """Remove an entry by its key.  Idempotent."""
        await self._table.delete_entity(api, key)


async def _entries(table: TableClient, wanted: str, parameters: Mapping[str, str], page: int) -> AsyncIterator[Entry]:
    async for row in table.query_entities(wanted, parameters={**parameters}, select=COLUMNS, results_per_page=page):
        yield _read(row)


def _read(row: TableEntity) -> Entry:
    return Entry(
        api=str(row.get("Api") or row["PartitionKey"]),
        key=row["RowKey"],
        watch_id=str(row.get("WatchId") or row["RowKey"].partition("_")[2]),
        outcome=str(row.get("Outcome") or ""),
        labels=str(row.get("Labels") or ""),
    )


def _entry(watch: Watch, at: datetime, outcome: str) -> Entry:
    return Entry(watch.api, newest_first(at, watch.id), watch.id, outcome, ", ".join(watch.labels))


def _row(state: State, entry: Entry) -> dict[str, Any]:
    row = {"PartitionKey": state, "RowKey": entry.key, "WatchId": entry.watch_id, "Api": entry.api}
    row |= {"Labels": entry.labels}
    return {**row, "Outcome": entry.outcome} if entry.outcome else row
