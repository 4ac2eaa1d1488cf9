"""Watches in Azure Table storage: one row per watch, replaced by compare-and-swap on its ETag."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import MISSING, fields, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableEntity, TableErrorCode, UpdateMode
from azure.data.tables.aio import TableClient

from shared.core.model import Outcome, Watch
from shared.engine.ports import Conflict, Count

log = logging.getLogger("watch.store")


class TableStore:
    """The store port, on one table."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def load(self, watch_id: str) -> Watch | None:
        """Return the row, or None when there is none."""
        try:
            entity = await self._table.get_entity(partition(watch_id), watch_id)
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) == TableErrorCode.RESOURCE_NOT_FOUND:
                return None
            raise  # the table itself is missing: no reason to think that there is no such watch
        return _watch(entity)

    async def insert(self, watch: Watch) -> Watch:
        """Add the row; raises `Conflict` when there is one already."""
        try:
            saved = await self._table.create_entity(_entity(watch))
        except ResourceExistsError as error:
            raise Conflict(watch.id) from error
        return replace(watch, etag=saved["etag"])

    async def commit(self, watch: Watch) -> Watch:
        """Replace the row it was loaded from; raises `Conflict` when that has changed or gone."""
        try:
            saved = await self._table.update_entity(
                _entity(watch), UpdateMode.REPLACE, etag=watch.etag, match_condition=MatchConditions.IfNotModified
            )
        except (ResourceModifiedError, ResourceNotFoundError) as error:
            raise Conflict(watch.id) from error
        return replace(watch, etag=saved["etag"])

    async def stale(self, due_before: datetime, ended_before: datetime) -> AsyncIterator[Watch]:
        """Find rows that were due before and are not published; published ones that ended before or owe a callback.

        One scan of the table, page by page; the service passes over what does not match.
        """
        query = "Published eq false and Due lt @due or Published eq true and EndedAt lt @ended or CallbackDue lt @due"
        parameters = {"due": due_before, "ended": ended_before}
        async for entity in self._table.query_entities(query, parameters=parameters):
            try:
                watch = _watch(entity)
            except (KeyError, TypeError, ValueError):  # somebody has edited it: no reason to leave all others alone
                log.exception("row.unreadable partition=%r row=%r", entity["PartitionKey"], entity["RowKey"])
                continue
            yield watch

    async def census(self, now: datetime, due_before: datetime) -> Mapping[str, Count]:
        """Count the open watches of each API that has any; overdue is what was due before.

        One scan of the table, page by page, of which three columns are fetched and nothing is kept but the counts.
        """
        counts: dict[str, Count] = {}
        columns = ["Api", "Due", "Outcome"]
        async for entity in self._table.query_entities("Published eq false", select=columns):
            api, due = entity.get("Api"), entity.get("Due")
            if entity.get("Outcome") is None and api and isinstance(due, datetime):  # else `stale` reports it
                counts[api] = _with(counts.get(api, Count()), late=now - due if due < due_before else None)
        return counts

    async def delete(self, watch: Watch) -> None:
        """Remove the row it was loaded from; raises `Conflict` when that has changed, not when it has gone."""
        try:
            await self._table.delete_entity(
                partition(watch.id), watch.id, etag=watch.etag, match_condition=MatchConditions.IfNotModified
            )
        except ResourceModifiedError as error:
            raise Conflict(watch.id) from error


def partition(watch_id: str) -> str:
    """Spread the load over 256 partitions, each of which takes 2,000 entities a second.

    https://learn.microsoft.com/azure/storage/tables/scalability-targets
    """
    return watch_id[:2]


@cache  # a hundred calls in a turn, for the same few names
def column(name: str) -> str:
    """Name the column of a field, as tables spell it.

    >>> column("faults_in_a_row"), column("jobId")
    ('FaultsInARow', 'JobId')
    """
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _with(count: Count, late: timedelta | None) -> Count:
    """Count one more watch, which is `late`, or is not."""
    if late is None:
        return replace(count, open=count.open + 1)
    return Count(count.open + 1, count.overdue + 1, max(count.oldest_overdue, late))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _strings(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


#: How to write and read what is neither text nor a number nor an instant.
_CODECS: Mapping[str, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    "job": (_json, json.loads),
    "labels": (_json, _strings),
    "evidence": (_json, _strings),
    "outcome": (str, Outcome),
    "verdict": (str, Outcome),
}

#: What a row need not say of a field, `MISSING` where it must: a column costs with every turn, and half of them have
#: nothing to say in the life of most watches.  `stale` and `census` look for `Published`, so that is always there.
#: A default that changed would change what rows say that are there already.
_UNSAID = {field.name: field.default for field in fields(Watch) if field.name not in {"etag", "unknown"}}
_UNSAID["published"] = MISSING

#: All others are of another version of the app, which wants them back (docs/decisions/0008-rows-outlive-upgrades.md).
_KNOWN = {"PartitionKey", "RowKey", *map(column, _UNSAID)}


def _entity(watch: Watch) -> dict[str, Any]:
    entity: dict[str, Any] = {**watch.unknown, "PartitionKey": partition(watch.id), "RowKey": watch.id}
    for name, unsaid in _UNSAID.items():
        value = getattr(watch, name)
        if value != unsaid:
            entity[column(name)] = _CODECS[name][0](value) if name in _CODECS else value
    return entity


def _watch(entity: TableEntity) -> Watch:
    values = {name: entity[column(name)] for name in _UNSAID if column(name) in entity}
    for name in _CODECS.keys() & values.keys():
        values[name] = _CODECS[name][1](values[name])
    unknown = {name: entity[name] for name in entity.keys() - _KNOWN}
    return Watch(**values, etag=entity.metadata["etag"] or "", unknown=unknown)
