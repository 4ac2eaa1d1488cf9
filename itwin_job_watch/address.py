"""The URL of the app, its key and a token, as people copy them."""

from __future__ import annotations

import re
import string

import httpx

from itwin_job_watch.errors import JobWatchError

#: What is copied along: line ends, quotes, the marks of an editor.
_COPIED = string.whitespace + "\ufeff\u200b\xa0\"'"

_HOST = re.compile(rb"[\w.-]{1,253}|[0-9A-Fa-f:.]+")
_LARGEST_PORT = 65535

#: A value of a header without spaces (RFC 9110, section 5.5); function keys and tokens have no others.
_KEY = re.compile(r"[!-~]+")


def clean(value: str | None) -> str:
    """Return the value without what was copied along."""
    return (value or "").strip(_COPIED)


def app_key(value: str, name: str = "--key") -> str:
    """Return the key; raises `JobWatchError`, which names the option, never its value."""
    return _of_a_header(value, name, "key")


def app_token(value: str, name: str = "--token") -> str:
    """Return the access token, without `Bearer`; raises `JobWatchError`, which names the option, never its value."""
    return _of_a_header(re.sub(r"(?i)^bearer\s+", "", clean(value)), name, "token")


def _of_a_header(value: str, name: str, what: str) -> str:
    if not _KEY.fullmatch(cleaned := clean(value)):
        raise JobWatchError(
            f"{name} holds a space, a line break or a character that no {what} has: copy the {what} again"
        )
    return cleaned


def app_url(value: str, name: str = "--url") -> str:
    """Return the URL that the app's paths are relative to; raises `JobWatchError`, naming the option, never its value.

    >>> app_url("https://name.azurewebsites.net/ "), app_url("https://name.azurewebsites.net/api/")
    ('https://name.azurewebsites.net/api', 'https://name.azurewebsites.net/api')
    """
    url = parse(clean(value))
    if url is None:
        wrong = "is not the URL of an app"
    elif url.userinfo:
        wrong = "holds a user or a password: leave them out"
    elif url.query or url.fragment:
        wrong = "has a query or a fragment: leave it out, and give a key of the app with --key or ITWIN_JOB_WATCH_KEY"
    else:
        base = str(url.copy_with(query=None, fragment=None)).rstrip("/").removesuffix("/watches")
        return base if base.endswith("/api") else f"{base}/api"
    raise JobWatchError(f"{name} {wrong}; it looks like https://NAME.azurewebsites.net")


def parse(text: str, schemes: tuple[str, ...] = ("http", "https")) -> httpx.URL | None:
    """Return the URL of a server; None unless a connection to it can be tried."""
    try:
        url = httpx.URL(text)
        url.raw_host.decode().encode("idna")  # as a socket does: no label is empty or too long
    except (httpx.InvalidURL, ValueError):
        return None
    port = 0 if url.port is None else url.port
    usable = url.scheme in schemes and _HOST.fullmatch(url.raw_host) and 0 <= port <= _LARGEST_PORT
    return url if usable else None
