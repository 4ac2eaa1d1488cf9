"""What the app can be asked to do, in documents: the core of the command line and of the Python API."""

from __future__ import annotations

import math
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from itwin_job_watch.connection import Connection
from itwin_job_watch.errors import JobWatchError, WatchError
from itwin_job_watch.following import follow, path
from itwin_job_watch.shapes import WatchDocument, page, results, strange, watch

#: Watches per request, and per page.
BATCH = 100


class App:
    """One app.  Instants to give up at are those of its `clock`, in seconds."""

    def __init__(self, to: Connection) -> None:
        self._to = to
        self.close, self.clock = to.close, to.clock

    async def start(
        self, watches: Sequence[Mapping[str, Any]], give_up: float | None = None
    ) -> list[WatchDocument | JobWatchError]:
        """Start up to 100 watches; returns for each the watch, or what is wrong.

        The request is repeated with the same key, so it starts and restarts no watch twice.
        """
        return await self._to.request(
            "POST",
            "/watches",
            lambda body: results(body, len(watches)),
            give_up,
            json={"watches": list(watches)},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )

    async def list(self, most: float = math.inf, **filters: str) -> AsyncGenerator[WatchDocument]:
        """Yield at most `most` watches, page by page."""
        params: dict[str, Any] = dict(filters)
        while most > 0:
            limit = {"limit": int(min(most, BATCH))}
            found, cursor = await self._to.request("GET", "/watches", page, params=params | limit)
            for one in found[: limit["limit"]]:
                yield one
            most -= len(found)
            if cursor is None:
                return
            if cursor == params.get("cursor"):
                raise strange("the list leads back to the same page")
            params["cursor"] = cursor

    async def find(self, give_up: float | None = None, **name: str) -> Sequence[WatchDocument]:
        """Return the watches with this name: `id`, with four digits or more that it begins with, or `url` of a job."""
        found, _ = await self._to.request("GET", "/watches", page, give_up, params=name)
        return found

    async def show(self, watch_id: str) -> WatchDocument:
        """Return a watch."""
        return await self._to.request("GET", path(watch_id), watch)

    async def stop(self, watch_id: str) -> WatchDocument:
        """Stop a watch."""
        return await self._to.request("DELETE", path(watch_id), watch)

    def follow(
        self, ids: Sequence[str], give_up: float = math.inf
    ) -> AsyncGenerator[tuple[str, WatchDocument | WatchError]]:
        """Follow watches to their end; see `follow`."""
        return follow(self._to, ids, give_up)
