"""URLs and secrets, as people copy them.  An error names where a value comes from, never the value."""

from __future__ import annotations

import secrets
from ipaddress import ip_address

import httpx

from itwin_job_watch.address import clean, parse
from itwin_job_watch.errors import JobWatchError

#: Characters of a webhook's secret, at least: https://developer.bentley.com/apis/webhooks-v2/operations/create-webhook
SHORTEST = 32


def origin(value: str, name: str) -> str:
    """Return the URL of the platform; raises `JobWatchError`."""
    url = _safe(value, name, "https://api.bentley.com")
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise JobWatchError(
            f"{name} has a path, a query or a fragment: leave it out; it looks like https://api.bentley.com"
        )
    return str(url).rstrip("/")


def token_endpoint(value: str, name: str) -> str:
    """Return the URL of the token endpoint; raises `JobWatchError`."""
    return str(_safe(value, name, "https://ims.bentley.com/connect/token"))


def events_url(value: str, name: str) -> str:
    """Return the URL that events are sent to, with its key; raises `JobWatchError`."""
    like = "https://NAME.azurewebsites.net/api/events?code=KEY"
    url = _safe(value, name, like)
    if url.fragment or url.path in {"", "/"}:
        raise JobWatchError(f"{name} has no path, or a fragment: it looks like {like}")
    return clean(value)


def _safe(value: str, name: str, like: str) -> httpx.URL:
    """Require https: plain http would expose secrets and keys.  Loopback addresses are exempt."""
    url = parse(clean(value))
    if url is None:
        raise JobWatchError(f"{name} is no URL: it looks like {like}")
    if url.userinfo:
        raise JobWatchError(f"{name} holds a user or a password: leave them out; it looks like {like}")
    if url.scheme != "https" and not _is_loopback(url.host):
        raise JobWatchError(
            f"{name} does not begin with https://, as it must but for this machine; it looks like {like}"
        )
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def first_secret(value: str, name: str) -> str:
    """Return the first of comma-separated secrets, which signs, as the app reads it; raises `JobWatchError`."""
    each = [secret.strip() for secret in value.split(",") if secret.strip()]
    if not each or not all(len(secret) >= SHORTEST and secret.isprintable() for secret in each):
        raise JobWatchError(f"{name} must be comma-separated secrets of at least {SHORTEST} characters each")
    return each[0]


def new_secret() -> str:
    """Return a new one, with 256 random bits."""
    return secrets.token_urlsafe(32)


def is_same_receiver(one: str, other: str) -> bool:
    """Return whether two URLs differ at most in their query, which holds a key.

    >>> is_same_receiver("https://App.example/api/events?code=1", "https://app.example/api/events/?code=2")
    True
    """
    return _without_query(one) == _without_query(other)


def _without_query(text: str) -> str:
    url = parse(text)
    return text if url is None else str(url.copy_with(query=None, fragment=None)).rstrip("/")


def masked(url: str) -> str:
    """Return a URL without its query, which holds a key.

    >>> masked("https://app.example/api/events?code=s3cret"), masked("https://app.example/")
    ('https://app.example/api/events?***', 'https://app.example/')
    """
    before, mark, _ = url.partition("?")
    return f"{before}?***" if mark else before


def query_values(url: str) -> list[str]:
    """Return what is not to be shown of a URL, as it is written and as it is meant."""
    query = url.partition("?")[2]
    written = [one.partition("=")[2] for one in query.split("&")]
    return [value for value in (*written, *httpx.QueryParams(query).values()) if value]
