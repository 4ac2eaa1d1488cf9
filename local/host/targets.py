"""Request targets, parsed like Kestrel does: the decoded path, and the query.

https://github.com/dotnet/aspnetcore/blob/main/src/Servers/Kestrel/Core/src/Internal/Http/PathNormalizer.cs
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, unquote

from multidict import MultiDict


class UnreadableTargetError(Exception):
    """The target is malformed: 400."""


@dataclass(frozen=True, slots=True)
class Target:
    """A request's target."""

    path: str  #: decoded, without "." and ".." segments
    query: MultiDict[str]

    @classmethod
    def read(cls, sent: str) -> Self:
        """Parse a raw target; raises UnreadableTargetError.

        >>> Target.read("/api/a%20b/x/../%2e/c%2fd?q=1+2#3").path
        '/api/a b/c%2Fd'
        """
        path, _, query = sent.partition("?")
        # Observed on the real host: it rejects non-ASCII bytes and %00 in a path.  Untested there, so rejected too:
        # such bytes in a query, a fragment after a path, and absolute URLs, which proxies get.
        if not sent.isascii() or "%00" in path or "#" in path or not path.startswith("/"):
            raise UnreadableTargetError
        decoded = "/".join(_decode(segment) for segment in path.split("/"))
        return cls(_without_dots(decoded), MultiDict(parse_qsl(query, keep_blank_values=True)))


def _decode(segment: str) -> str:
    """Percent-decode everything except an encoded slash, which would change the route (UrlDecoder.cs)."""
    return "%2F".join(unquote(part) for part in re.split("%2F", segment, flags=re.IGNORECASE))


def _without_dots(path: str) -> str:
    """Remove "." and ".." segments, after decoding: `RemoveDotSegments`, RFC 3986, 5.2.4."""
    segments: list[str] = []
    _, *written = path.split("/")
    for segment in written:
        if segment == "..":
            segments = segments[:-1]
        elif segment != ".":
            segments.append(segment)
    if written[-1] in {".", ".."}:
        segments.append("")
    return "/" + "/".join(segments)
