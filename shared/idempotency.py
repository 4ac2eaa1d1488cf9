"""The Idempotency-Key header, and what is kept of an answer under it.

https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared import problems

#: The draft, section 2.1: "The field value is a String" of RFC 8941, thus in quotes.  Most clients send it without.
KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255})')


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of an answer."""

    status: int
    headers: Mapping[str, str]
    body: str


def read_key(value: str | None) -> str | None:
    """Read the header; None when there is none; raises `Problem`.

    >>> read_key('"8e03978e"'), read_key("8e03978e"), read_key(None)
    ('8e03978e', '8e03978e', None)
    """
    if value is None:
        return None
    found = KEY.fullmatch(value.strip())
    if not found:
        raise problems.wrong_key()
    return found[1] or found[2]


def digest(key: str) -> str:
    """Name a key in rows: nothing that a caller made up stands there."""
    return hashlib.sha256(key.encode()).hexdigest()
