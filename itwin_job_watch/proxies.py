"""The proxy that the environment names for the app.

httpx reads all of the environment's proxies and exceptions, and fails at the first that it cannot read, even if the app
does not need it.
"""

from __future__ import annotations

import ipaddress
import os
from urllib.request import getproxies, proxy_bypass

import httpx

from itwin_job_watch.address import parse
from itwin_job_watch.errors import JobWatchError

_SCHEMES = ("http", "https", "socks5", "socks5h")


def transport_to(app: str) -> httpx.AsyncHTTPTransport:
    """Return a transport to the app, through its proxy if there is one.

    Raises `JobWatchError`, which names a variable that is not usable, never its value: that may hold a password.
    """
    kind, proxy = _proxy(httpx.URL(app))
    if proxy and parse(proxy, _SCHEMES) is None:
        raise JobWatchError(f"{_variable(kind)} names no proxy that can be used: it looks like http://HOST:PORT")
    try:
        return httpx.AsyncHTTPTransport(proxy=proxy)
    except ImportError:
        raise JobWatchError(f"{_variable(kind)} names a SOCKS proxy, which needs: pip install socksio") from None
    except ValueError:
        raise JobWatchError(f"{_variable(kind)} names no proxy that can be used") from None
    except OSError:
        raise JobWatchError("SSL_CERT_FILE or SSL_CERT_DIR names no certificates that can be read") from None


def _proxy(app: httpx.URL) -> tuple[str, str | None]:
    """Return the kind of proxy, and its URL."""
    if is_loopback(app.host) or proxy_bypass(app.host) or proxy_bypass(app.netloc.decode()):
        return "", None
    proxies = getproxies()
    kind = app.scheme if proxies.get(app.scheme) else "all"
    proxy = proxies.get(kind, "").strip()
    return kind, (proxy if "://" in proxy else f"http://{proxy}") if proxy else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, to which no proxy leads (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3).

    >>> [is_loopback(host) for host in ("LOCALHOST.", "app.localhost", "127.9.9.9", "::1", "::ffff:127.0.0.1")]
    [True, True, True, True, True]
    >>> [is_loopback(host) for host in ("localhost.example", "128.0.0.1", "::2", "notlocalhost")]
    [False, False, False, False]
    """
    name = host.lower().removesuffix(".")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _variable(kind: str) -> str:
    names = sorted(name for name in os.environ if name.lower() == f"{kind}_proxy" and os.environ[name])
    return " or ".join(names) or f"the {kind} proxy of this computer's settings"
