"""What the app can be asked to do."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx

from itwin_job_watch.connection import Connection
from itwin_job_watch.errors import JobWatchError, WatchError
from itwin_job_watch.following import follow, path
from itwin_job_watch.shapes import Watch, page, results, strange, watch

#: Watches per request, and per page.
BATCH = 100


class Api:
    """One app."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None, **more: Any) -> None:
        """`url` is the URL of the app, with or without `/api`; `more` goes to `Connection`."""
        self._to = Connection(url, key, transport, **more)

    def close(self) -> None:
        """Close the connections."""
        self._to.close()

    @property
    def clock(self) -> Callable[[], float]:
        """The clock, in seconds, that `give_up` refers to."""
        return self._to.clock

    def start(self, watches: Sequence[Mapping[str, Any]], give_up: float | None = None) -> list[Watch | JobWatchError]:
        """Start up to 100 watches; returns for each the watch, or what is wrong.

        The request is repeated with the same key, so it starts and restarts no watch twice.
        """
        return self._to.request(
            "POST",
            "/watches",
            lambda body: results(body, len(watches)),
            give_up,
            json={"watches": list(watches)},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )

    def list(self, most: int, **filters: str) -> Iterator[Watch]:
        """Yield at most `most` watches, page by page."""
        params: dict[str, Any] = dict(filters)
        while most > 0:
            found, cursor = self._to.request("GET", "/watches", page, params=params | {"limit": min(most, BATCH)})
            yield from found[:most]
            most -= len(found)
            if cursor is None:
                return
            if cursor == params.get("cursor"):
                raise strange("the list leads back to the same page")
            params["cursor"] = cursor

    def show(self, watch_id: str) -> Watch:
        """Return a watch."""
        return self._to.request("GET", path(watch_id), watch)

    def stop(self, watch_id: str) -> Watch:
        """Stop a watch."""
        return self._to.request("DELETE", path(watch_id), watch)

    def follow(self, ids: Sequence[str], give_up: float = math.inf) -> Iterator[tuple[str, Watch | WatchError]]:
        """Follow watches to their end; see `follow`."""
        return follow(self._to, ids, give_up)
