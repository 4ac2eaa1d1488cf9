"""An HTTP client for the command line."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx

Watch = Mapping[str, Any]

#: Seconds that one long poll may take.
WAIT = 25

#: Concurrent long polls.
AT_ONCE = 8

#: Attempts of a request that fails with a server error, and the longest pause between them, in seconds.
TRIES, LONGEST_PAUSE = 4, 30

#: Seconds between two attempts, unless the response has a Retry-After.
USUAL_PAUSE = 2

FIRST_SERVER_ERROR, FIRST_ERROR = 500, 400
UNAUTHORIZED, NOT_FOUND = 401, 404


class ApiError(Exception):
    """The request failed.  The text says why and what to do."""


class Api:
    """One app."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        """`url` is the URL of the app, with or without `/api`."""
        base = url.rstrip("/")
        try:
            self._http = httpx.Client(
                base_url=base if base.endswith("/api") else f"{base}/api",
                headers={"x-functions-key": key, "user-agent": "itwin-job-watch"},
                timeout=WAIT + 30,
                transport=transport,
                trust_env=not re.match(r"http://(localhost|127\.0\.0\.1|\[::1\])(:|/|$)", base),
            )
        except (ValueError, httpx.InvalidURL, ImportError):
            found = ", ".join(sorted(name for name in os.environ if name.lower().endswith("_proxy")))
            reads = f"--url, or what the environment says of proxies ({found})" if found else "--url"
            raise ApiError(f"no client can be made from {reads}") from None

    def start(self, watches: Sequence[Mapping[str, Any]], key: str | None = None) -> list[Watch | str]:
        """Start watches; returns for each the watch, or what is wrong."""
        headers = {"Idempotency-Key": key} if key else {}
        results = self._call("POST", "/watches", json={"watches": list(watches)}, headers=headers)["results"]
        return [result.get("watch") or result["problem"]["detail"] for result in results]

    def list(self, most: int, **filters: str) -> Iterator[Watch]:
        """Yield at most `most` watches, page by page."""
        cursor: dict[str, str] = {}
        while most > 0:
            page = self._call("GET", "/watches", params={**filters, **cursor, "limit": min(most, 100)})
            yield from page["watches"]
            most -= len(page["watches"])
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def show(self, watch_id: str, wait: int = 0) -> Watch:
        """Return a watch; waits up to `wait` seconds for its end."""
        found: Watch = self._call("GET", f"/watches/{quote(watch_id, safe='')}", params={"wait": wait} if wait else {})
        return found

    def stop(self, watch_id: str) -> Watch:
        """Stop a watch."""
        found: Watch = self._call("DELETE", f"/watches/{quote(watch_id, safe='')}")
        return found

    def follow(self, ids: Sequence[str], give_up: float = math.inf) -> Iterator[Watch]:
        """Yield each watch after every poll, until all have ended or the clock passes `give_up`."""
        left = list(ids)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            first = True
            while left and (first or time.monotonic() < give_up):
                wait = 0 if first else max(1, math.ceil(min(WAIT if len(left) == 1 else 2, give_up - time.monotonic())))
                watches = list(pool.map(lambda watch_id, wait=wait: self.show(watch_id, wait), left))
                yield from watches
                left = [watch["id"] for watch in watches if watch["state"] != "ended"]
                first = False

    def _call(self, method: str, path: str, **more: Any) -> Any:
        for left in reversed(range(TRIES)):
            try:
                answer = self._http.request(method, path, **more)
            except httpx.HTTPError as error:
                raise ApiError(f"no response from {self._http.base_url}: {error}") from error
            if answer.status_code < FIRST_SERVER_ERROR or not left:
                return _read(answer)
            time.sleep(_pause(answer))
        raise AssertionError("unreachable")


def _pause(answer: httpx.Response) -> int:
    """Return the seconds until the next attempt.  The app sends no dates: a proxy's are ignored."""
    value = answer.headers.get("retry-after", "")
    return min(LONGEST_PAUSE, int(value)) if value.isdecimal() else USUAL_PAUSE


def _read(answer: httpx.Response) -> Any:
    if answer.status_code == UNAUTHORIZED:
        raise ApiError("the app does not accept this key: see --key")
    if answer.status_code == NOT_FOUND and not answer.content:  # from the Functions host: no function was called
        raise ApiError(
            f"nothing is served at {answer.url.copy_with(query=None)}: is --url the URL of the app, such as"
            " https://NAME.azurewebsites.net, and is the app published there, in the version of this command line?"
        )
    try:
        body = answer.json()
    except ValueError:
        raise ApiError(f"HTTP {answer.status_code} without JSON: is this the app's URL?") from None
    if answer.status_code >= FIRST_ERROR:
        raise ApiError(body.get("detail") or f"HTTP {answer.status_code}")
    return body
