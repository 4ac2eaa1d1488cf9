"""Writes rows to tables that may not exist yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient


async def put(table: TableClient, row: Mapping[str, Any]) -> None:
    """Insert or replace a row; creates the table if it is missing."""
    try:
        await table.upsert_entity(row, UpdateMode.REPLACE)
    except ResourceNotFoundError:
        await _make(table)
        await table.upsert_entity(row, UpdateMode.REPLACE)


async def _make(table: TableClient) -> None:
    try:
        await table.create_table()
    except ResourceExistsError:  # another process was faster
        return
