"""Paths, compared segment by segment after decoding each: `/a%2Fb` has one segment, `/a/b` has two."""

from __future__ import annotations

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

    >>> match("/schedules/{scheduleId}", ("schedules", "s 1"))
    {'scheduleId': 's 1'}
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
        elif name != segment:
            return None
    return found
