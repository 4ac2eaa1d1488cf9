"""Which proxy the environment names for one origin.

httpx refuses to make any client when one of these variables is not to its taste, even if that one would not be used.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

import httpx

from shared.core.url import DIGITS, LAST_PORT, Url, read_url

#: Wider than names may be, since those of containers have underscores; httpx has read an IPv6 address already.
HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")

#: Of the proxies that can be used.
SCHEMES = {"http", "https"}


class ProxyError(Exception):
    """A variable of the environment names a proxy that cannot be used.  The text is its name, never its value."""


def proxy_for(url: str, env: Mapping[str, str]) -> httpx.Proxy | None:
    """Return the proxy for an origin, None if there is none; raises `ProxyError`.

    As curl has it: the lower-case variable counts if both are set, `NO_PROXY` counts for all, and that of the scheme
    before `ALL_PROXY`.  What is on this machine has none.

    >>> proxy_for("https://api.bentley.com", {"HTTPS_PROXY": "http://10.1.1.1:3128", "NO_PROXY": "10.0.0.0/8, [::1],"})
    Proxy('http://10.1.1.1:3128')
    """
    to = read_url(url)
    variables = {name.lower(): (name, env[name].strip()) for name in sorted(env)}  # lower case is sorted last
    if to is None or to.is_loopback or _is_exempt(to, variables.get("no_proxy", ("", ""))[1]):
        return None
    for wanted in (f"{to.scheme}_proxy", "all_proxy"):
        name, value = variables.get(wanted, ("", ""))
        if value:
            return _read(name, value)
    return None


def _read(name: str, value: str) -> httpx.Proxy:
    try:
        proxy = httpx.Proxy(value if "://" in value else f"http://{value}")
    except (ValueError, httpx.InvalidURL):
        raise ProxyError(name) from None
    port, scheme = proxy.url.port, proxy.url.scheme
    if scheme not in SCHEMES or not HOST.fullmatch(proxy.url.raw_host) or not (port is None or 0 < port <= LAST_PORT):
        raise ProxyError(name)
    return proxy


def _is_exempt(to: Url, entries: str) -> bool:
    """Whether one of these entries is of this host.  One that cannot be read is of none."""
    return any(_covers(entry.lower(), to) for entry in re.split(r"[,\s]+", entries))


def _covers(entry: str, to: Url) -> bool:
    """Whether an entry of NO_PROXY covers a host: `*`, a domain, an address or a network, maybe with scheme and port.

    >>> [_covers(entry, Url("https", "10.1.2.3", 443, "/")) for entry in ("10.0.0.0/8", "[10.1.2.3]:443", "10.1.2")]
    [True, True, False]
    """
    found = re.fullmatch(r"(?:(https?|all)://)?(\[[^\]]*\]|[^\[\]:]*|[^\[\]]*)(?::([0-9]{1,5}))?", entry)
    if entry == "*" or not found:
        return entry == "*"
    scheme, name, port = found.groups()
    if (scheme or "all") not in {"all", to.scheme} or (port and int(port) != to.port):
        return False
    name, host = name.strip("[]").rstrip("."), to.host.strip("[]").lower()
    if DIGITS.fullmatch(host):
        return _is_in(host, name)
    domain = name.lstrip("*").lstrip(".")
    return bool(domain) and (host == name or host.endswith("." + domain))


def _is_in(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
