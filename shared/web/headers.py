"""Headers of a request: what callers call it, so that it is found again in their logs, and done once."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from urllib.parse import urlsplit

from shared.core.url import DEFAULT_PORTS, read_url
from shared.web.problems import Problem

#: The draft, section 2.1: "The field value is a String" of RFC 8941, that is, quoted.  Most clients omit the quotes.
#: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
IDEMPOTENCY_KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255})')

#: What is safe to echo in a header: no line breaks, no spaces, not too long.
REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")


def request_id(value: str | None) -> str:
    """Return the caller's request id if it is safe to echo, else a new one."""
    return value if value and REQUEST_ID.fullmatch(value) else str(uuid.uuid4())


def public_url(url: str, headers: Mapping[str, str]) -> str:
    """Return the URL of a request as its caller sees it, without its query, which may hold the key.

    Front Door names the host that the caller used in X-Forwarded-Host, Application Gateway in X-Original-Host.
    https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol
    https://learn.microsoft.com/azure/application-gateway/how-application-gateway-works

    >>> public_url("http://app.azurewebsites.net/api/watches?code=key", {"x-forwarded-host": "jobs.example.com"})
    'http://jobs.example.com/api/watches'
    """
    parts = urlsplit(url)._replace(query="", fragment="")
    host = _first(headers, "x-forwarded-host") or _first(headers, "x-original-host")
    scheme = _first(headers, "x-forwarded-proto").lower()
    named = read_url(f"https://{host}")
    if named and named.path == "/" and not host.endswith("/"):
        parts = parts._replace(netloc=host)
    if scheme in DEFAULT_PORTS:
        parts = parts._replace(scheme=scheme)
    return parts.geturl()


def _first(headers: Mapping[str, str], name: str) -> str:
    """Return the first of the values that proxies have appended to one another."""
    return (headers.get(name) or "").partition(",")[0].strip()


def read_idempotency_key(value: str | None) -> str:
    """Return the hash of the key, since rows hold no text of callers; "" if it is absent.  Raises `Problem`.

    >>> read_idempotency_key('"8e03978e"') == read_idempotency_key("8e03978e"), read_idempotency_key(None)
    (True, '')
    """
    if value is None:
        return ""
    found = IDEMPOTENCY_KEY.fullmatch(value.strip())
    if not found:
        raise Problem(
            "wrong-idempotency-key", "Send 1 to 255 visible ASCII characters, such as a UUID, made for one request."
        )
    return hashlib.sha256((found[1] or found[2]).encode()).hexdigest()
