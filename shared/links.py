"""Links in answers.  A token goes along with every request, so that a link may not lead to another origin."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

LONGEST_LINK = 2000


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
    if not isinstance(link, str) or not link or len(link) > LONGEST_LINK or not link.isprintable() or " " in link:
        return ""
    try:
        parts = urlsplit(urljoin(base, link))
        if not is_within(parts, urlsplit(base)):
            return ""
    except ValueError:  # of a host or port that is none
        return ""
    if not parts.path.startswith("/") or parts.path.startswith("//"):
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
