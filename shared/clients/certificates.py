"""Whose certificates servers may have."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx

#: What Python and httpx read others from.
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def other_certificates(env: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return what is trusted instead of the system's certificates; None: those.  Raises OSError (of `ssl`, too).

    `env`: the environment of this process, which httpx and OpenSSL read themselves.

    The environment may name others, and httpx brings some where the system has none, as with Python from python.org.
    The system's are there already: aiohttp reads them when it is imported, and the storage SDKs trust them.  To read
    any takes a tenth of a start.
    """
    if not any(env.get(name) for name in VARIABLES) and ssl.get_default_verify_paths().cafile:
        return None
    return httpx.create_ssl_context()
