"""Watches in Azure Table storage: one row per watch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import MISSING, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient
from pydantic import TypeAdapter

from shared.core.model import End, Outcome, Watch
from shared.core.remote import RemoteApi
from shared.core.untrusted import percentage
from shared.engine.ports import Census, Count, OpenWatch, Unreadable
from shared.storage.columns import Columns, MalformedError
from shared.storage.entities import A_VALUE, KEYS, Garbled, entities
from shared.storage.rows import Format, TableRows, is_in_place, partition

#: The columns without which an open watch can be neither counted nor found, and what else a census reads.
_COUNTED = {"Api": str, "Due": datetime, "StartedAt": datetime, "Published": bool}
_ALSO_COUNTED = (*KEYS, "Failing", "Outcome")

#: Also without that column, or with another value in it: nobody would find such a row.
_UNPUBLISHED = "Published eq false or not ( Published eq true )"

#: After every digit of an id.
LAST = "~"

#: The sequence number of a row whose own cannot be read: beyond any that a ticket under way may have.
BEYOND = 10**9


class TableWatches(TableRows[Watch]):
    """The store port of watches, on one table."""

    def __init__(self, table: TableClient, apis: Mapping[str, RemoteApi]) -> None:
        super().__init__(table, Format(_entity, partial(_watch, apis=apis), _STALE, _is_stale))

    async def salvage(self, key: str, now: datetime) -> Watch | None:
        """Return the row, or None when there is none; one that cannot be read is first stopped, with what can be read.

        It is written before anybody acts on it: its end is one, though whoever gave it up may die and come again.
        """
        entity = await self._entity_of(key)
        if entity is None:
            return None
        if isinstance(entity, Garbled):
            keys = await self._table.get_entity(entity.partition, key, select=[*KEYS])
            error = MalformedError([A_VALUE, "Seq"], {"etag": keys.metadata["etag"]})
            return await self.commit(_salvaged(key, error, now))
        try:
            return self._form.read(entity)
        except MalformedError as error:
            return await self.commit(_salvaged(key, error, now))

    async def beginning(self, digits: str) -> AsyncGenerator[Watch | Unreadable, None]:
        """Yield the rows whose ids begin so, in the order of their ids: one query of one partition.

        A row that cannot be read is yielded as what is wrong with it.
        """
        wanted = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        parameters = {"partition": partition(digits), "first": digits, "last": f"{digits}{LAST}"}
        async for entity in entities(self._table, wanted, parameters=parameters):
            try:
                yield self._read(entity)
            except Unreadable as error:
                yield error

    async def census(self, now: datetime, due_before: datetime) -> Census:
        """Go over all open watches; overdue is what was due before.

        One scan of the table, page by page, of which six columns are fetched.
        """
        counts: dict[str, Count] = {}
        open_watches: list[OpenWatch] = []
        unreadable: list[Unreadable] = []
        async for entity in entities(self._table, _UNPUBLISHED, select=[*_COUNTED, *_ALSO_COUNTED]):
            if isinstance(entity, Garbled):
                unreadable.append(self._unreadable(entity.key, [A_VALUE]))
                continue
            if entity.get("Outcome") is not None:
                continue
            wrong = [name for name, kind in _COUNTED.items() if not isinstance(entity.get(name), kind)]
            if wrong or not is_in_place(entity):
                unreadable.append(self._unreadable(entity["RowKey"], wrong or KEYS))
                continue
            api, due, started_at = entity["Api"], entity["Due"], entity["StartedAt"]
            late, failing = now - due if due < due_before else None, str(entity.get("Failing") or "")
            counts[api] = _with(counts.get(api, Count()), late, failing)
            open_watches.append(OpenWatch(entity["RowKey"], api, started_at))
        return Census(counts, open_watches, unreadable)


def _with(count: Count, late: timedelta | None, failing: str) -> Count:
    """Count one more watch: whether it is late, and why it fails if it does."""
    count = replace(count, open=count.open + 1)
    if late is not None:
        count = replace(count, overdue=count.overdue + 1, oldest_overdue=max(count.oldest_overdue, late))
    if failing:
        count = replace(count, failing=Counter(count.failing) + Counter({failing: 1}))
    return count


#: `Published` is always there, since it is what queries look for.
#: Also what has no such instant, or is neither: nobody would find it.
_STALE = (
    "( Published eq false and Due lt @due ) or ( Published eq true and EndedAt lt @ended )"
    " or not ( Published eq true or Published eq false )"
    " or ( Published eq false and not ( Due ge @epoch ) ) or ( Published eq true and not ( EndedAt ge @epoch ) )"
)


def _is_stale(watch: Watch, due_before: datetime, ended_before: datetime) -> bool:
    if not watch.published:
        return watch.due < due_before
    return watch.end is not None and watch.end.at < ended_before


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_OBJECT = partial(TypeAdapter(dict[str, str]).validate_json, strict=True)
_STRINGS = partial(TypeAdapter(tuple[str, ...]).validate_json, strict=True)

_COLUMNS = Columns(
    Watch,
    {
        "job": (_json, _OBJECT),
        "labels": (_json, _STRINGS),
        "evidence": (_json, _STRINGS),
        "woken_by": (_json, _STRINGS),
        "progress": (float, percentage),
        "outcome": (str, Outcome),
        "verdict": (str, Outcome),
    },
    also={"published": (bool, MISSING), "outcome": (Outcome | None, None), "ended_at": (datetime | None, None)},
    without="end",
)


def _entity(watch: Watch) -> dict[str, Any]:
    outcome, ended_at = (None, None) if watch.end is None else (watch.end.outcome, watch.end.at)
    return _COLUMNS.write(watch, outcome=outcome, ended_at=ended_at)


def _watch(entity: TableEntity, apis: Mapping[str, RemoteApi]) -> Watch:
    values = _COLUMNS.read(entity)
    outcome, ended_at = values.pop("outcome", None), values.pop("ended_at", None)
    if (outcome is None) != (ended_at is None):
        raise MalformedError(["Outcome", "EndedAt"], values)
    watch = Watch(**values, end=None if outcome is None else End(outcome, ended_at))
    if watch.end is None and watch.published:
        raise MalformedError(["Published", "Outcome"], values)
    if watch.end is None and not _can_be_asked(apis.get(watch.api), watch.job):
        raise MalformedError(["Api", "Job"], values)
    return watch


def _can_be_asked(api: RemoteApi | None, job: Mapping[str, str]) -> bool:
    """Whether the app knows the API, and the job has its ids: a newer version may know more APIs."""
    return api is not None and api.path_of(job) is not None


def _salvaged(key: str, error: MalformedError, now: datetime) -> Watch:
    """Make an ended watch of what can be read, and neutral values: its tickets are fenced off."""
    neutral = {"api": "unknown", "job": {}, "started_at": now, "deadline": now, "due": now, "not_before": now}
    values = {**neutral, **error.values}
    outcome, ended_at = values.pop("outcome", None), values.pop("ended_at", None)
    end = End(outcome, ended_at) if outcome is not None and ended_at is not None else End(Outcome.STOPPED, now)
    seq = BEYOND if "Seq" in error.columns else values.get("seq", 0) + 1
    reason = f"its row could not be read, and was given up on request: {error}"
    more = {"id": key, "seq": seq, "stepped_by": "", "begun_by": "", "end": end, "published": False, "reason": reason}
    due = min(values["due"], now)  # as of any watch that is stopped
    return Watch(**{**values, **more, "due": due})
