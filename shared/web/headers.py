"""Request headers that correlate a request with the caller's logs and traces, and that make it idempotent."""

from __future__ import annotations

import hashlib
import re
import uuid

from shared.web import problems

#: https://www.w3.org/TR/trace-context/#traceparent-header: later versions may add fields after another hyphen.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
VERSION_0 = "00"

#: The draft, section 2.1: "The field value is a String" of RFC 8941, that is, quoted.  Most clients omit the quotes.
#: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
IDEMPOTENCY_KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255})')

#: What is safe to echo in a header: no line breaks, no spaces, not too long.
REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")


def read_traceparent(value: str | None) -> str:
    """Return a valid traceparent, or "" if it is absent or malformed: the standard says to ignore malformed ones.

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
    """Return the caller's request id if it is safe to echo, else a new one."""
    return value if value and REQUEST_ID.fullmatch(value) else str(uuid.uuid4())


def read_idempotency_key(value: str | None) -> str:
    """Return the hash of the key, since rows hold no text of callers; "" if it is absent.  Raises `Problem`.

    >>> read_idempotency_key('"8e03978e"') == read_idempotency_key("8e03978e"), read_idempotency_key(None)
    (True, '')
    """
    if value is None:
        return ""
    found = IDEMPOTENCY_KEY.fullmatch(value.strip())
    if not found:
        raise problems.wrong_key()
    return hashlib.sha256((found[1] or found[2]).encode()).hexdigest()
