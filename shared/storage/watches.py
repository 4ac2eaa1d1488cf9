"""Watches in Azure Table storage: one row per watch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, replace
from datetime import datetime, timedelta
from typing import Any

from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from shared.core.model import End, Outcome, Watch
from shared.engine.ports import Count
from shared.storage.columns import Codec, Columns, defaults_of
from shared.storage.rows import Format, TableRows


class TableWatches(TableRows[Watch]):
    """The store port of watches, on one table."""

    def __init__(self, table: TableClient) -> None:
        super().__init__(table, Format(_entity, _watch, _STALE))

    async def census(self, now: datetime, due_before: datetime) -> Mapping[str, Count]:
        """Count the open watches of each API that has any; overdue is what was due before.

        One scan of the table, page by page, of which four columns are fetched and nothing is kept but the counts.
        """
        counts: dict[str, Count] = {}
        columns = ["Api", "Due", "Failing", "Outcome"]
        async for entity in self._table.query_entities("Published eq false", select=columns):
            api, due = entity.get("Api"), entity.get("Due")
            if entity.get("Outcome") is None and isinstance(api, str) and isinstance(due, datetime):  # else see `stale`
                late, failing = now - due if due < due_before else None, str(entity.get("Failing") or "")
                counts[api] = _with(counts.get(api, Count()), late, failing)
        return counts


def _with(count: Count, late: timedelta | None, failing: str) -> Count:
    """Count one more watch: whether it is late, and why it fails if it does."""
    count = replace(count, open=count.open + 1)
    if late is not None:
        count = replace(count, overdue=count.overdue + 1, oldest_overdue=max(count.oldest_overdue, late))
    if failing:
        count = replace(count, failing=Counter(count.failing) + Counter({failing: 1}))
    return count


#: `Published` is always there, since it is what queries look for.
_STALE = "( Published eq false and Due lt @due ) or ( Published eq true and EndedAt lt @ended )"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _strings(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


_CODECS: Mapping[str, Codec] = {
    "job": (_json, json.loads),
    "labels": (_json, _strings),
    "evidence": (_json, _strings),
    "outcome": (str, Outcome),
    "verdict": (str, Outcome),
}

_FIELDS = {name: default for name, default in defaults_of(Watch).items() if name != "end"}
_COLUMNS = Columns({**_FIELDS, "published": MISSING, "outcome": None, "ended_at": None}, _CODECS)


def _entity(watch: Watch) -> dict[str, Any]:
    outcome, ended_at = (None, None) if watch.end is None else (watch.end.outcome, watch.end.at)
    return _COLUMNS.write(watch, outcome=outcome, ended_at=ended_at)


def _watch(entity: TableEntity) -> Watch:
    values = _COLUMNS.read(entity)
    end = End(values.pop("outcome"), values.pop("ended_at")) if "outcome" in values else None
    return Watch(**values, end=end)
