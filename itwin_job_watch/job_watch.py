"""The Python API, for programs that use asyncio or trio."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, Unpack

import httpx

from itwin_job_watch.address import app_key, app_token, app_url, clean
from itwin_job_watch.app import BATCH, App
from itwin_job_watch.connection import Connection
from itwin_job_watch.errors import JobWatchError, WaitTimeoutError, WatchError
from itwin_job_watch.starts import Start, again, deadline_of, request_of, several
from itwin_job_watch.watch import Outcome, State, Watch

_LOG = logging.getLogger("itwin_job_watch")

_VARIABLES = {"url": "ITWIN_JOB_WATCH_URL", "key": "ITWIN_JOB_WATCH_KEY", "token": "ITWIN_JOB_WATCH_TOKEN"}


class AsyncJobWatch:
    """One app, for use on one event loop.  `JobWatch` does the same without a loop.

    Requests that fail in a way that may pass are repeated: four times, or while a `timeout` lasts.  `wait` and `follow`
    go on through every outage of the app.  The logger `itwin_job_watch` says once per outage why.  Methods raise
    `JobWatchError`; `errors` shows its tree.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        token: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Name the app; what is left out is that of ITWIN_JOB_WATCH_URL, ITWIN_JOB_WATCH_KEY, ITWIN_JOB_WATCH_TOKEN.

        `url` is that of the app, such as https://NAME.azurewebsites.net; `key` a function key; `token` an access token,
        if the app asks for one of Microsoft Entra too.  `transport` replaces the network, for tests.
        """
        given = {"url": url, "key": key, "token": token}
        values = {
            name: value if value is not None else os.environ.get(_VARIABLES[name]) for name, value in given.items()
        }
        names = {name: _VARIABLES[name] if value is None else name for name, value in given.items()}
        for name in ("url", "key"):
            if not clean(values[name]):
                raise JobWatchError(f"the app has no {name}: give it, or set {_VARIABLES[name]}")
        connection = Connection(
            app_url(values["url"] or "", names["url"]),
            app_key(values["key"] or "", names["key"]),
            transport,
            token=app_token(values["token"] or "", names["token"]) if clean(values["token"]) else "",
            tell=_LOG.warning,
        )
        self._app = App(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections.  The app goes on watching."""
        await self._app.close()

    async def start(
        self,
        url: str | None = None,
        /,
        *,
        timeout: timedelta | None = None,
        **how: Unpack[Start],
    ) -> Watch:
        """Start to watch a job; a job that is watched already keeps its watch.

        `how` is what `Start` says: the job by other means than its status URL, labels, deadline, callback, restart.
        The app is asked for as long as `timeout` allows if it fails, else four times; no watch is started twice.
        """
        (found,) = await self.start_all([how if url is None else {**how, "url": url}], timeout=timeout)
        if isinstance(found, JobWatchError):
            raise found
        return found

    async def start_all(
        self,
        starts: Iterable[str | Start],
        *,
        timeout: timedelta | None = None,
    ) -> Sequence[Watch | JobWatchError]:
        """Start to watch several jobs, each by its status URL or as `Start` says.

        Returns for each, in order, its watch, or the error that says why it has none.  Raises what concerns all: later
        than after the first hundred, it is returned for those that are left.
        """
        requests = [request_of(one) for one in several(starts, "starts")]
        give_up = self._end(timeout)
        found: list[Watch | JobWatchError] = []
        for first in range(0, len(requests), BATCH):
            batch = requests[first : first + BATCH]
            try:
                found += [_read(one) for one in await self._app.start(batch, give_up)]
            except JobWatchError as error:
                if not found:
                    raise
                return [*found, *[error] * (len(requests) - len(found))]
        return found

    async def restart(
        self,
        watch: Watch | str,
        *,
        deadline: timedelta | datetime | None = None,
        timeout: timedelta | None = None,
    ) -> Watch:
        """Begin an ended watch again, with its labels and callback.  An open one is left as it is."""
        more = {} if deadline is None else {"deadline": deadline_of(deadline)}
        give_up = self._end(timeout)
        document = await self._app.show(_id(watch))
        if document["state"] != State.ENDED:
            return Watch.of(document)
        found = _read((await self._app.start([again(document) | more], give_up))[0])
        if isinstance(found, JobWatchError):
            raise found
        return found

    async def wait(self, watch: Watch | str, *, timeout: timedelta | None = None) -> Watch:
        """Wait until a watch, given by itself or its id, has ended; returns it as it ended.

        Raises `WaitTimeoutError` if `timeout` passes first.
        """
        (ended,) = await self.wait_all([watch], timeout=timeout)
        return ended

    async def wait_all(
        self,
        watches: Iterable[Watch | str],
        *,
        timeout: timedelta | None = None,
    ) -> Sequence[Watch]:
        """Wait until all these watches have ended; returns them in the same order.

        Raises `WaitTimeoutError` if `timeout` passes first, and `WatchError`, with the `watch_id`, for the first that
        is unknown or cannot be read.
        """
        ids = _ids(watches)
        ended = {name: watch async for name, watch in self._follow(ids, timeout) if watch.has_ended}
        return [ended[one] for one in ids]

    async def follow(
        self,
        watches: Iterable[Watch | str],
        *,
        timeout: timedelta | None = None,
    ) -> AsyncGenerator[Watch]:
        """Yield each watch as it stands, and again whenever it has changed, until all have ended.

        Raises what `wait_all` raises.
        """
        async for _, watch in self._follow(_ids(watches), timeout):
            yield watch

    async def list(
        self,
        *,
        api: str | None = None,
        state: State | str | None = None,
        outcome: Outcome | str | None = None,
        label: str | None = None,
        failing: bool = False,
        most: int | None = None,
    ) -> AsyncGenerator[Watch]:
        """Yield watches, open ones, then ended ones, each newest first; pages are asked for as they are needed.

        Filters: name of the API, state, outcome, label, and only those whose last turn failed.  At most `most`.
        """
        given = {"api": api, "state": state, "outcome": outcome, "label": label, "failing": "true" if failing else None}
        filters = {name: str(value) for name, value in given.items() if value is not None}
        async for document in self._app.list(math.inf if most is None else most, **filters):
            yield Watch.of(document)

    async def find(self, name: str) -> Sequence[Watch]:
        """Return the watches whose ids begin so (four digits or more), or that of the job with this status URL."""
        by = "url" if "://" in name else "id"
        return [Watch.of(document) for document in await self._app.find(None, **{by: name})]

    async def show(self, watch: Watch | str) -> Watch:
        """Return a watch, given by itself or its id, as it stands now; raises `WatchError`."""
        return Watch.of(await self._app.show(_id(watch)))

    async def stop(self, watch: Watch | str) -> Watch:
        """Stop a watch; one that has ended stays as it is.  The job itself goes on.  Raises `WatchError`."""
        return Watch.of(await self._app.stop(_id(watch)))

    async def _follow(self, ids: Sequence[str], timeout: timedelta | None) -> AsyncGenerator[tuple[str, Watch]]:
        """Yield each with the id as it was given: the app may write it otherwise, in letter case."""
        seen: dict[str, Watch] = {}
        give_up = self._end(timeout)
        async for watch_id, found in self._app.follow(ids, math.inf if give_up is None else give_up):
            if isinstance(found, WatchError):
                found.watch_id = watch_id
                raise found
            watch = Watch.of(found)
            if watch != seen.get(watch_id):
                seen[watch_id] = watch
                yield watch_id, watch
        left = [one for one in dict.fromkeys(ids) if one not in seen or not seen[one].has_ended]
        if left:
            raise WaitTimeoutError(f"not ended within {timeout}: {', '.join(left)}")

    def _end(self, timeout: timedelta | None) -> float | None:
        if timeout is None:
            return None
        if not isinstance(timeout, timedelta):
            raise TypeError(f"a timeout is a timedelta, such as timedelta(minutes=5), and not {timeout!r}")
        return self._app.clock() + timeout.total_seconds()


def _id(watch: Watch | str) -> str:
    if not isinstance(watch, Watch | str):
        raise TypeError(f"a watch is given by itself or by its id, and not as {type(watch).__name__}")
    return watch.id if isinstance(watch, Watch) else watch


def _ids(watches: Iterable[Watch | str]) -> Sequence[str]:
    return [_id(one) for one in several(watches, "watches")]


def _read(found: Mapping[str, Any] | JobWatchError) -> Watch | JobWatchError:
    return found if isinstance(found, JobWatchError) else Watch.of(found)
