"""How a row's fields become the columns of a table, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from azure.data.tables import TableEntity
from pydantic import AwareDatetime, Field, TypeAdapter

#: How to write and read a value that is neither text nor a number nor an instant.
Codec = tuple[Callable[[Any], Any], Callable[[Any], Any]]

#: What a column of each type may hold, so that no further step overflows a column of 32 bits or the calendar.
BOUNDS = {
    int: Annotated[int, Field(ge=0, lt=2**30)],
    datetime: Annotated[AwareDatetime, Field(lt=datetime(9000, 1, 1, tzinfo=UTC))],
}


class MalformedError(ValueError):
    """Columns are missing, or hold what the app does not write: somebody edited them, or a newer version wrote them."""

    def __init__(self, columns: Sequence[str], values: Mapping[str, Any]) -> None:
        """`values`: the fields that can be read."""
        super().__init__(", ".join(columns))
        self.columns, self.values = tuple(columns), values


class Columns:
    """The columns of one kind of row, a dataclass whose `id` is the row key.

    A column costs with every turn, and half of them hold their default in the life of most rows.  So those are left
    out.  A default that changed would change what existing rows say.
    """

    def __init__(
        self, row: type, codecs: Mapping[str, Codec], also: Mapping[str, tuple[Any, Any]], without: str = ""
    ) -> None:
        """`also`: type and default of columns that are no fields; `MISSING` for a column that is always written."""
        own = [field for field in fields(row) if field.name not in {"etag", "unknown", without}]
        self._required = {field.name for field in own if field.default is field.default_factory is MISSING}
        self._required |= {name for name, (_, default) in also.items() if default is MISSING}
        self._defaults = {field.name: field.default for field in own} | {name: also[name][1] for name in also}
        self._codecs = codecs
        self._known = {"PartitionKey", "RowKey", *map(column, self._defaults)}
        types = get_type_hints(row) | {name: also[name][0] for name in also}
        # The adapter's own method takes three times as long.
        self._checks = {name: TypeAdapter(_bounded(types[name])).validator.validate_python for name in self._defaults}

    def write(self, row: Any, **more: Any) -> dict[str, Any]:
        """Return an entity of a row, without its keys; `more` has the columns that are no fields of it."""
        entity: dict[str, Any] = dict(row.unknown)
        for name, default in self._defaults.items():
            value = more[name] if name in more else getattr(row, name)
            if value != default:
                entity[column(name)] = self._codecs[name][0](value) if name in self._codecs else value
        return entity

    def read(self, entity: TableEntity) -> dict[str, Any]:
        """Return the fields of a row, and the other columns that it has; raises `MalformedError`.

        Columns of another version of the app are kept: docs/decisions/0008-rows-outlive-upgrades.md.
        """
        values: dict[str, Any] = {"etag": entity.metadata["etag"] or ""}
        values["unknown"] = {name: entity[name] for name in entity.keys() - self._known}
        malformed = []
        for name in self._defaults:
            if name == "id":
                values[name] = entity["RowKey"]
            elif column(name) in entity:
                try:
                    values[name] = self._value(name, entity[column(name)])
                except (TypeError, ValueError, RecursionError):
                    malformed.append(column(name))
            elif name in self._required:
                malformed.append(column(name))
        if malformed:
            raise MalformedError(malformed, values)
        return values

    def _value(self, name: str, stored: Any) -> Any:
        value = self._codecs[name][1](stored) if name in self._codecs else stored
        return self._checks[name](value, strict=True)


def _bounded(hint: Any) -> Any:
    """Bound the numbers and instants of a type."""
    if get_origin(hint) is not None and type(None) in get_args(hint):
        return Union[tuple(_bounded(part) for part in get_args(hint))]  # noqa: UP007 -- of a tuple
    return BOUNDS.get(hint, hint)


@cache  # a hundred calls in a turn, for the same few names
def column(name: str) -> str:
    """Name the column of a field, as tables spell it.

    >>> column("faults_in_a_row"), column("jobId")
    ('FaultsInARow', 'JobId')
    """
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
