"""Callbacks in Azure Table storage: one row per end of a watch that has a receiver."""

from __future__ import annotations

from dataclasses import MISSING
from datetime import datetime
from typing import Any

from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from shared.core.callback import Callback
from shared.core.model import Outcome
from shared.storage.columns import Columns, MalformedError
from shared.storage.rows import Format, TableRows

#: `Due` of a settled callback is when its last attempt was due.
#: Also what has no such instant, or is neither: nobody would find it.
_STALE = (
    "( Settled eq false and Due lt @due ) or ( Settled eq true and Due lt @ended )"
    " or not ( Settled eq true or Settled eq false ) or not ( Due ge @epoch )"
)


def _is_stale(callback: Callback, due_before: datetime, ended_before: datetime) -> bool:
    return callback.due < (ended_before if callback.is_settled else due_before)


_COLUMNS = Columns(Callback, {"outcome": (str, Outcome)}, also={"settled": (bool, MISSING)})


def table_callbacks(table: TableClient) -> TableRows[Callback]:
    """Return the store port of callbacks, on one table."""
    return TableRows(table, Format(_entity, _callback, _STALE, _is_stale))


def _entity(callback: Callback) -> dict[str, Any]:
    return _COLUMNS.write(callback, settled=callback.is_settled)


def _callback(entity: TableEntity) -> Callback:
    values = _COLUMNS.read(entity)
    settled = values.pop("settled")
    callback = Callback(**values)
    if callback.is_settled != settled:
        raise MalformedError(["Settled"], values)
    return callback
