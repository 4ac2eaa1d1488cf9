"""The W3C traceparent: in whose trace a watch and its events are found."""

from __future__ import annotations

import re

#: https://www.w3.org/TR/trace-context/#traceparent-header: later versions may go on after another hyphen.
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})-[0-9a-f]{2}"
)
VERSION_0 = "00"


def read_traceparent(value: str | None) -> str:
    """Return a traceparent that can be kept; "" for none, and for what is none, which the standard says to ignore.

    >>> read_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    >>> read_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01")
    ''
    """
    text = (value or "").strip()
    found = TRACEPARENT.match(text)
    if not found:
        return ""
    rest = text[found.end() :]
    return found[0] if not rest or (rest.startswith("-") and not text.startswith(VERSION_0)) else ""
