"""Names that callers give to what they do, so that it is found again in their logs and traces."""

from __future__ import annotations

import re
import uuid

#: https://www.w3.org/TR/trace-context/#traceparent-header: later versions may go on after another hyphen.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
VERSION_0 = "00"

#: What may go back in a header: no line break, no blank, nothing long.
REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")


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


def request_id(value: str | None) -> str:
    """Return the caller's own id of a request where it may go back in a header, else a new one."""
    return value if value and REQUEST_ID.fullmatch(value) else str(uuid.uuid4())
