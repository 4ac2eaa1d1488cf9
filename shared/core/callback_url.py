"""Where a callback may go: hosts that the operator lists, at public addresses, over https.

Whoever starts a watch chooses the URL, so that without these checks they could make the app call what only the app can
reach: neighbours in its network, the machine it runs on, the platform's own services (SSRF).
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Set as AbstractSet

from shared.core.url import Url, read_url

LONGEST_URL = 1024

#: IPv6 addresses that stand for IPv4 ones: what is public about them may be private inside.
#: RFC 6052 (NAT64), RFC 8215 (its local prefix), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 4291 (compatible, mapped).
TRANSLATED = [
    ipaddress.ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "::ffff:0:0/96")
]

#: A public address that leads inside: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
AZURES_OWN = ipaddress.ip_address("168.63.129.16")


def target(url: str, hosts: AbstractSet[str]) -> Url:
    """Take apart the URL of a callback; raises ValueError, which says what is wrong, for one that may not be called.

    It has no query: that may hold a secret, and rows and events show the URL.
    """
    wanted = read_url(url) if len(url) <= LONGEST_URL else None
    if not wanted or wanted.host != wanted.host.lower():
        raise ValueError(
            "must be a URL such as https://hooks.example.com/itwin, in small letters, without user, query or fragment"
        )
    if not {wanted.authority, f"{wanted.host}:{wanted.port}"} & hosts:
        raise ValueError("has a host that CALLBACK_HOSTS does not list")
    if wanted.scheme != "https" and not wanted.is_loopback:
        raise ValueError("must begin with https://")
    return wanted


def may_be_called(address: str) -> bool:
    """Whether an address that a name resolved to is a public one.

    >>> [may_be_called(text) for text in ("93.184.215.14", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1")]
    [True, False, False, False]
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    translated = any(ip in network for network in TRANSLATED if network.version == ip.version)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not translated and ip != AZURES_OWN
