"""The HTTP API, as the command line needs it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx

Watch = Mapping[str, Any]

#: One call may be held this long by the app, until the watch has ended.
WAIT = 25

#: Watches that are waited for at a time.
AT_ONCE = 8

#: Tries of a call that an app may heal by itself, and the longest pause between them.
TRIES, LONGEST_PAUSE = 4, 30

#: Seconds between two tries, where the answer does not say.
USUAL_PAUSE = 2

FIRST_SERVER_ERROR, FIRST_ERROR = 500, 400
UNAUTHORIZED, NOT_FOUND = 401, 404


class ApiError(Exception):
    """The app did not do it; the text says why and what to do."""


class Api:
    """One app."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        """`url` is that of the app, with or without `/api`."""
        base = url.rstrip("/")
        self._http = httpx.Client(
            base_url=base if base.endswith("/api") else f"{base}/api",
            headers={"x-functions-key": key, "user-agent": "itwin-job-watch"},
            timeout=WAIT + 30,
            transport=transport,
        )

    def start(self, watches: Sequence[Mapping[str, Any]], key: str | None = None) -> list[Watch | str]:
        """Start watches; gives for each the watch, or what is wrong."""
        headers = {"Idempotency-Key": key} if key else {}
        results = self._call("POST", "/watches", json={"watches": list(watches)}, headers=headers)["results"]
        return [result.get("watch") or result["problem"]["detail"] for result in results]

    def list(self, most: int, **filters: str) -> Iterator[Watch]:
        """Give up to so many watches, page by page."""
        cursor: dict[str, str] = {}
        while most > 0:
            page = self._call("GET", "/watches", params={**filters, **cursor, "limit": min(most, 100)})
            yield from page["watches"]
            most -= len(page["watches"])
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def show(self, watch_id: str, wait: int = 0) -> Watch:
        """Return a watch as it stands, or once it has ended, if it does within so many seconds."""
        found: Watch = self._call("GET", f"/watches/{quote(watch_id, safe='')}", params={"wait": wait} if wait else {})
        return found

    def stop(self, watch_id: str) -> Watch:
        """Stop a watch."""
        found: Watch = self._call("DELETE", f"/watches/{quote(watch_id, safe='')}")
        return found

    def follow(self, ids: Sequence[str], give_up: float = math.inf) -> Iterator[Watch]:
        """Give each watch as it moves, until all have ended or the clock says `give_up`."""
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
                raise ApiError(f"no answer from {self._http.base_url}: {error}") from error
            if answer.status_code < FIRST_SERVER_ERROR or not left:
                return _read(answer)
            time.sleep(_pause(answer))
        raise AssertionError("unreachable")


def _pause(answer: httpx.Response) -> int:
    """Seconds to wait before the next try.  A Retry-After that is a date comes from something in between."""
    told = answer.headers.get("retry-after", "")
    return min(LONGEST_PAUSE, int(told)) if told.isdecimal() else USUAL_PAUSE


def _read(answer: httpx.Response) -> Any:
    if answer.status_code == UNAUTHORIZED:
        raise ApiError("the app does not take this key: see --key")
    if answer.status_code == NOT_FOUND and not answer.content:  # the Functions host's own: no function was asked
        raise ApiError(
            f"nothing is served at {answer.url.copy_with(query=None)}: is --url the app's, such as"
            " https://NAME.azurewebsites.net, and is the app published there, in the version of this command line?"
        )
    try:
        body = answer.json()
    except ValueError:
        raise ApiError(f"HTTP {answer.status_code} without JSON: is this the app's URL?") from None
    if answer.status_code >= FIRST_ERROR:
        raise ApiError(body.get("detail") or f"HTTP {answer.status_code}")
    return body
