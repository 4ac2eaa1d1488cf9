"""How a row's fields become the columns of a table, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from azure.data.tables import TableEntity

#: How to write and read a value that is neither text nor a number nor an instant.
Codec = tuple[Callable[[Any], str], Callable[[str], Any]]


def defaults_of(row: type) -> dict[str, Any]:
    """Return the default of each field that is a column, `MISSING` where there is none."""
    return {field.name: field.default for field in fields(row) if field.name not in {"etag", "unknown"}}


class Columns:
    """The columns of one kind of row.

    A column costs with every turn, and half of them hold their default in the life of most rows.  So those are left
    out.  A default that changed would change what existing rows say.
    """

    def __init__(self, defaults: Mapping[str, Any], codecs: Mapping[str, Codec]) -> None:
        """`defaults`: by field; `MISSING` for a column that is always written."""
        self._defaults, self._codecs = defaults, codecs
        self._known = {"PartitionKey", "RowKey", *map(column, defaults)}

    def write(self, row: Any, **more: Any) -> dict[str, Any]:
        """Return an entity of a row, without its keys; `more` has the columns that are no fields of it."""
        entity: dict[str, Any] = dict(row.unknown)
        for name, default in self._defaults.items():
            value = more[name] if name in more else getattr(row, name)
            if value != default:
                entity[column(name)] = self._codecs[name][0](value) if name in self._codecs else value
        return entity

    def read(self, entity: TableEntity) -> dict[str, Any]:
        """Return the fields of a row; raises TypeError or ValueError for a value that somebody edited.

        Columns of another version of the app are kept: docs/decisions/0008-rows-outlive-upgrades.md.
        """
        values = {name: entity[column(name)] for name in self._defaults if column(name) in entity}
        for name in self._codecs.keys() & values.keys():
            values[name] = self._codecs[name][1](values[name])
        unknown = {name: entity[name] for name in entity.keys() - self._known}
        return {**values, "etag": entity.metadata["etag"] or "", "unknown": unknown}


@cache  # a hundred calls in a turn, for the same few names
def column(name: str) -> str:
    """Name the column of a field, as tables spell it.

    >>> column("faults_in_a_row"), column("jobId")
    ('FaultsInARow', 'JobId')
    """
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
