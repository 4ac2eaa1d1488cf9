"""The app, as the commands ask it: one after the other, in the main thread."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from itwin_job_watch.app import BATCH, App
from itwin_job_watch.connection import Clock, Connection
from itwin_job_watch.errors import JobWatchError, WatchError
from itwin_job_watch.running import Loop
from itwin_job_watch.shapes import WatchDocument

__all__ = ["BATCH", "Api"]


class Api:
    """One app; see `App` for what it does."""

    def __init__(self, url: str, key: str, transport: httpx.AsyncBaseTransport | None = None, **more: Any) -> None:
        """`url` is the URL of the app, with or without `/api`; `more` goes to `Connection`."""
        self._app = App(Connection(url, key, transport, **more))
        self._loop = Loop()

    def close(self) -> None:
        """Close the connections."""
        self._loop.run(self._app.close())
        self._loop.close()

    @property
    def clock(self) -> Clock:
        """The clock, in seconds, that `give_up` refers to."""
        return self._app.clock

    def start(
        self, watches: Sequence[Mapping[str, Any]], give_up: float | None = None
    ) -> list[WatchDocument | JobWatchError]:
        """Start up to 100 watches; returns for each the watch, or what is wrong."""
        return self._loop.run(self._app.start(watches, give_up))

    def list(self, most: int, **filters: str) -> Iterator[WatchDocument]:
        """Yield at most `most` watches, page by page."""
        return self._loop.each(self._app.list(most, **filters))

    def find(self, give_up: float | None = None, **name: str) -> Sequence[WatchDocument]:
        """Return the watches with this name: `id`, with four digits or more that it begins with, or `url` of a job."""
        return self._loop.run(self._app.find(give_up, **name))

    def show(self, watch_id: str) -> WatchDocument:
        """Return a watch."""
        return self._loop.run(self._app.show(watch_id))

    def stop(self, watch_id: str) -> WatchDocument:
        """Stop a watch."""
        return self._loop.run(self._app.stop(watch_id))

    def follow(self, ids: Sequence[str], give_up: float = math.inf) -> Iterator[tuple[str, WatchDocument | WatchError]]:
        """Follow watches to their end; yields each after every look at it."""
        return self._loop.each(self._app.follow(ids, give_up))
