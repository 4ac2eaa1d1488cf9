"""JSON from outside, read leniently: what is not there, or of another type, is None or an empty text."""

from __future__ import annotations

import json
import math
from functools import reduce
from typing import Any


def parse(body: bytes) -> Any:
    """Read a JSON body, a byte order mark and lone surrogates included; None when it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # the latter from a body that is nothing but opening brackets
        return None


def at(path: str, body: Any) -> Any:
    """What stands at a dotted path; None when nothing does.

    >>> at("job.state", {"job": {"state": "active"}}), at("job.state", ["job"])
    ('active', None)
    """
    return reduce(lambda node, key: node.get(key) if isinstance(node, dict) else None, path.split("."), body)


def number(value: Any) -> float | None:
    """A finite number; None for anything else, true and false included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:  # an int of hundreds of digits
        return None
    return found if math.isfinite(found) else None


def text(value: Any) -> str:
    """A text, or errors of the iTwin envelope `{code, message, target}`, as one line.

    >>> text([{"code": "UserNotFound", "message": "No such user.", "target": "a@b.c"}, "and more"])
    'UserNotFound: No such user. (a@b.c); and more'
    """
    match value:
        case str():
            return value
        case list():
            return "; ".join(filter(None, map(text, value)))
        case {"code": str() as code, "message": str() as message}:
            target = value.get("target")
            return f"{code}: {message} ({target})" if isinstance(target, str) and target else f"{code}: {message}"
        case {"code": str() as one} | {"message": str() as one}:
            return one
    return ""
