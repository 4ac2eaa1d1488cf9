"""Templates of status URLs: `/schedules/{scheduleId}/operations/{operationId}`, some with a query.  No I/O here.

Each id is one segment of the path, or one value of the query, whatever characters it has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from string import Formatter
from urllib.parse import parse_qsl, quote, unquote

BROKEN_ENCODING = re.compile(r"%(?![0-9A-Fa-f]{2})")  # RFC 3986, section 2.1


@cache
def fields(template: str) -> tuple[str, ...]:
    """Return the names of the ids, in order.

    >>> fields("/diff/{jobId}?iModelId={iModelId}")
    ('jobId', 'iModelId')
    """
    return tuple(name for _, name, _, _ in Formatter().parse(template) if name)


def fill(template: str, ids: Mapping[str, str]) -> str:
    """Return the path, and the query if there is one, percent-encoded.

    >>> fill("/diff/{jobId}?iModelId={iModelId}", {"jobId": "a/b", "iModelId": "c&d"})
    '/diff/a%2Fb?iModelId=c%26d'
    """
    return template.format_map({name: quote(value, safe="") for name, value in ids.items()})


def is_broken(text: str) -> bool:
    """Whether a percent sign encodes nothing: read as it stands, "%zz" would be asked for as "%25zz"."""
    return BROKEN_ENCODING.search(text) is not None


def match(template: str, path: str, query: str = "") -> dict[str, str] | None:
    """Read the ids; None if this is not the template.  Raises ValueError for what is not UTF-8; see `is_broken`.

    Letter case counts in ids only: Bentley's clients and links write `/Library/jobs/` and `/comparisonJob/` where its
    pages have lower case.  Parameters may come in any order, but none may be missing, twice or too many.

    >>> match("/schedules/{scheduleId}/operations/{operationId}", "/Schedules/a%2FB/operations/1")
    {'scheduleId': 'a/B', 'operationId': '1'}
    >>> match("/diff/{jobId}?iTwinId={iTwinId}&iModelId={iModelId}", "/diff/1", "iModelId=3&iTwinId=2")
    {'jobId': '1', 'iTwinId': '2', 'iModelId': '3'}
    """
    segments, _, parameters = template.partition("?")
    if segments.count("/") != path.count("/") or bool(parameters) != bool(query):
        return None
    pairs = [*zip(segments.split("/"), path.split("/"), strict=True)]
    if any(not _is_same(part, text) for part, text in pairs if not _is_id(part)):
        return None
    wanted, given = dict(_parameters(parameters)), _parameters(query)  # last: a foreign query may be long
    if sorted(wanted) != sorted(name for name, _ in given):
        return None
    if any(value != wanted[name] for name, value in given if not _is_id(wanted[name])):
        return None
    ids = {part: unquote(text, errors="strict") for part, text in pairs if _is_id(part)}
    ids |= {wanted[name]: value for name, value in given}
    return {name: ids["{" + name + "}"] for name in fields(template)}


def _is_id(part: str) -> bool:
    return part.startswith("{")


def _is_same(literal: str, text: str) -> bool:
    return text.isascii() and text.lower() == literal.lower()


def _parameters(query: str) -> list[tuple[str, str]]:
    """Return the parameters, names in lower case; raises ValueError when they are not UTF-8."""
    return [(name.lower(), value) for name, value in parse_qsl(query, keep_blank_values=True, errors="strict")]
