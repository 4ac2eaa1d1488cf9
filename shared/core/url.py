"""URLs of settings and callbacks: http or https, a host, a path, and no more."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

#: Narrower than a URL may be (RFC 3986), because the readers of wider ones disagree about where the host ends.
URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[::1\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
)
DEFAULT_PORTS = {"http": 80, "https": 443}
LAST_PORT = 65535

#: All that is written in these is an IPv4 address or nothing.
DIGITS = re.compile(r"[0-9.]+")

LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}


@dataclass(frozen=True, slots=True)
class Url:
    """A URL, taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        return self.host in LOOPBACK

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them (RFC 9110, section 7.2)."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"


def read_url(text: str) -> Url | None:
    """Take a URL apart; None for a text that is none, or has a user, a query or a fragment.

    >>> read_url("https://api.bentley.com")
    Url(scheme='https', host='api.bentley.com', port=443, path='/')
    """
    found = URL.fullmatch(text)
    if not found or (DIGITS.fullmatch(found["host"]) and not _is_ipv4(found["host"])):
        return None
    scheme, host, port, path = found.groups()
    url = Url(scheme, host, int(port or DEFAULT_PORTS[scheme]), path or "/")
    return url if url.port <= LAST_PORT else None


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
