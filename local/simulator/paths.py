"""Paths, compared segment by segment after decoding each: `/a%2Fb` has one segment, `/a/b` has two.

Literal segments match in any letter case, since Bentley's own clients and links differ in it from the pages
(`comparisonJob`, `storageConnections`, `Library`).  Unconfirmed: that the platform ignores it.  Ids are compared as
they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

Segments = tuple[str, ...]


def split(path: str) -> Segments:
    """Split a path as sent.

    >>> split("/a%2Fb/c/")
    ('a/b', 'c', '')
    """
    return tuple(unquote(segment) for segment in path.removeprefix("/").split("/"))


def match(template: str, segments: Segments) -> dict[str, str] | None:
    """Return the values of `{names}`; None if the path does not match.

    >>> match("/schedules/{scheduleId}", ("Schedules", "S 1"))
    {'scheduleId': 'S 1'}
    >>> match("/schedules/{scheduleId}", ("schedules", "")) is None
    True
    """
    names = template.removeprefix("/").split("/")
    if len(names) != len(segments):
        return None
    found: dict[str, str] = {}
    for name, segment in zip(names, segments, strict=True):
        if name.startswith("{") and segment:
            found[name.strip("{}")] = segment
        elif name.lower() != segment.lower():
            return None
    return found


def fill(template: str, ids: Mapping[str, str]) -> Segments:
    """Return the segments of a path: the template's own literals, and the ids.

    >>> fill("/schedules/{scheduleId}", {"scheduleId": "S 1"})
    ('schedules', 'S 1')
    """
    return tuple(ids.get(name.strip("{}"), name) for name in template.removeprefix("/").split("/"))
