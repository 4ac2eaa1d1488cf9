"""What comes from outside, made safe to read, to show and to follow.

JSON is read leniently: what is not there, or of another type, is None or an empty text.  A token goes along with every
request, so a link may not lead to another origin.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from functools import reduce
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from shared.core.url import DEFAULT_PORTS

LONGEST_LINK = 2000

#: What stays as it is in a link (RFC 3986, section 2.2, and percent-encodings); some services leave the rest raw.
IN_LINKS = "!$%&'()*+,/:;=?@[]~"

#: Levels of a JSON body.  An answer of the platform has five; one with hundreds exhausts the stack of who reads it.
DEEPEST = 32

#: Values of a JSON body, about: reading more would hold up all other turns.  A page of a log has some thousands.
MOST_VALUES = 50_000

#: How often a server may decode a path.
MOST_DECODINGS = 4

#: How much more of a text is looked at than is kept of it: white space may go.
MARGIN = 4


def parse(body: bytes) -> Any:
    """Read a JSON body, a byte order mark and lone surrogates included; None when it is not JSON, or is no sane one.

    That is one with thousands of values, or hundreds of levels.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):  # the latter from a body that is nothing but opening brackets
        return None
    return document if is_shallow(document) else None


def is_shallow(document: Any) -> bool:
    """Whether it has no more levels than an answer that makes sense."""
    level = [document]
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node)]
        if not level:
            return True
    return False


def _children(node: Any) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def at(path: str, body: Any) -> Any:
    """What stands at a dotted path; None when nothing does, and for "", which is no path.

    >>> at("job.state", {"job": {"state": "active"}}), at("job.state", ["job"]), at("", {"": "active"})
    ('active', None, None)
    """
    if not path:
        return None
    return reduce(lambda node, key: node.get(key) if isinstance(node, dict) else None, path.split("."), body)


def each_at(path: str, body: Any) -> list[Any]:
    """All that stands at a dotted path, where each list on the way counts as each of its members.

    >>> each_at("jobs.tasks.id", {"jobs": [{"tasks": [{"id": 1}, {}]}, {"tasks": {"id": [2, 3]}}]})
    [1, 2, 3]
    """
    found = _members(body)
    for key in path.split("."):
        found = [one for node in found if isinstance(node, dict) and key in node for one in _members(node[key])]
    return found


def _members(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def number(value: Any) -> float | None:
    """A finite number; None for anything else, true and false included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:  # an int of hundreds of digits
        return None
    return found if math.isfinite(found) else None


def percentage(value: Any, whole: Any = 100) -> float | None:
    """A number from 0 to the whole, in per cent; None for anything else, and of a whole that is none.

    >>> percentage(56.25), percentage(1, 3), percentage(0.1, 1), percentage(1, 0), percentage(2999999, 3000000)
    (56.25, 33.33, 10.0, None, 99.99)
    """
    part, of = number(value), number(whole)
    if part is None or not of or not 0 <= part <= of:
        return None
    if of == 100:  # noqa: PLR2004 -- per cent
        return part
    return 100.0 if part == of else min(round(100 * (part / of), 2), 99.99)  # what is under way is not all


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


def tidy(text: str, longest: int) -> str:
    r"""Make a text from outside fit for one cell of a table: one line, bounded, encodable.

    >>> tidy("  <b>no\n such\ud800 job", 12)
    '<b>no such?…'
    """
    start = text[: MARGIN * longest]
    line = " ".join(start.encode("utf-8", "replace").decode().split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= longest and start == text else line[: longest - 1] + "…"


def climbs(path: str) -> bool:
    """Whether some server would read another path in this one: it may decode it again and again, or know backslashes.

    >>> climbs("/a%2Fb/...;v=1"), climbs("/a/%252e%252e/b"), climbs("/a/..%5cb"), climbs("/a/..;x/b")
    (False, True, True, True)
    """
    for _ in range(MOST_DECODINGS):
        path = unquote(path)
    segments = re.split(r"[/\\]", path)
    return not path.isprintable() or any(one.partition(";")[0].strip() in {".", ".."} for one in segments)


def origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """Scheme, host and port (RFC 6454, section 4); raises ValueError for a port that is none."""
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)


def is_within(parts: SplitResult, base: SplitResult) -> bool:
    """Whether both are of one origin, and the first brings no credentials of its own."""
    return origin(parts) == origin(base) and parts.username is None and parts.password is None


def follow(link: Any, base: str) -> str:
    """Return the path and query that a link in the answer to `base` leads to; "" if it leads to another origin.

    >>> follow("https://api.bentley.com/logs/?$top=100", "https://api.bentley.com/status")
    '/logs/?$top=100'
    >>> follow("https://evil.example/logs", "https://api.bentley.com/status")
    ''
    """
    if not isinstance(link, str) or not link or len(link) > LONGEST_LINK or not link.isprintable():
        return ""
    if " " in link or "\\" in link:  # readers of URLs disagree about these
        return ""
    try:
        parts = urlsplit(urljoin(base, link))
        if not is_within(parts, urlsplit(base)):
            return ""
    except ValueError:  # of a host or port that is none
        return ""
    if not parts.path.startswith("/") or parts.path.startswith("//") or climbs(parts.path):
        return ""
    return quote(f"{parts.path}?{parts.query}" if parts.query else parts.path, safe=IN_LINKS)
