"""The Python API, for programs without an event loop, and for notebooks, which have one that they do not share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack
from weakref import finalize

import httpx
from anyio import CancelScope
from anyio.from_thread import BlockingPortal, start_blocking_portal

from itwin_job_watch.errors import JobWatchError, closed
from itwin_job_watch.job_watch import AsyncJobWatch
from itwin_job_watch.starts import Start, several
from itwin_job_watch.watch import Outcome, State, Watch

T = TypeVar("T")


class JobWatch:
    """One app.  May be used in several threads at once; see `AsyncJobWatch`, whose methods it has.

    A thread of its own runs the requests until `close`, or until the program ends.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        token: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Name the app; see `AsyncJobWatch`."""
        self._jobs = AsyncJobWatch(url, key, token=token, transport=transport)
        opened = ExitStack()
        self._portal = opened.enter_context(start_blocking_portal(name="itwin-job-watch"))
        opened.callback(self._portal.call, _end, self._portal, self._jobs)
        # Also when the program ends: a moment later the thread stands still, and would be waited for in vain.
        self._close = finalize(self, opened.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and end the thread; what waits in others raises `JobWatchError`.

        The app goes on watching.
        """
        self._close()

    def start(self, url: str | None = None, /, *, timeout: timedelta | None = None, **how: Unpack[Start]) -> Watch:
        """Start to watch a job; a job that is watched already keeps its watch.  See `AsyncJobWatch.start`."""
        return self._run(partial(self._jobs.start, url, timeout=timeout, **how))

    def start_all(
        self, starts: Iterable[str | Start], *, timeout: timedelta | None = None
    ) -> Sequence[Watch | JobWatchError]:
        """Start to watch several jobs; returns for each its watch, or what is wrong.  See `AsyncJobWatch.start_all`."""
        return self._run(partial(self._jobs.start_all, _listed(starts, "starts"), timeout=timeout))

    def restart(
        self,
        watch: Watch | str,
        *,
        deadline: timedelta | datetime | None = None,
        timeout: timedelta | None = None,
    ) -> Watch:
        """Begin an ended watch again, with its labels and callback.  An open one is left as it is."""
        return self._run(partial(self._jobs.restart, watch, deadline=deadline, timeout=timeout))

    def wait(self, watch: Watch | str, *, timeout: timedelta | None = None) -> Watch:
        """Wait until a watch has ended; raises `WaitTimeoutError` if `timeout` passes first."""
        return self._run(partial(self._jobs.wait, watch, timeout=timeout))

    def wait_all(self, watches: Iterable[Watch | str], *, timeout: timedelta | None = None) -> Sequence[Watch]:
        """Wait until all these watches have ended; returns them in the same order.  See `AsyncJobWatch.wait_all`."""
        return self._run(partial(self._jobs.wait_all, _listed(watches, "watches"), timeout=timeout))

    def follow(self, watches: Iterable[Watch | str], *, timeout: timedelta | None = None) -> Iterator[Watch]:
        """Yield each watch as it stands, and again whenever it has changed, until all have ended."""
        return self._each(self._jobs.follow(_listed(watches, "watches"), timeout=timeout))

    def list(
        self,
        *,
        api: str | None = None,
        state: State | str | None = None,
        outcome: Outcome | str | None = None,
        label: str | None = None,
        failing: bool = False,
        most: int | None = None,
    ) -> Iterator[Watch]:
        """Yield watches, open ones, then ended ones, each newest first.  See `AsyncJobWatch.list`."""
        return self._each(
            self._jobs.list(api=api, state=state, outcome=outcome, label=label, failing=failing, most=most)
        )

    def find(self, name: str) -> Sequence[Watch]:
        """Return the watches whose ids begin so (four digits or more), or that of the job with this status URL."""
        return self._run(partial(self._jobs.find, name))

    def show(self, watch: Watch | str) -> Watch:
        """Return a watch as it stands now; raises `WatchError`."""
        return self._run(partial(self._jobs.show, watch))

    def stop(self, watch: Watch | str) -> Watch:
        """Stop a watch; one that has ended stays as it is.  The job itself goes on.  Raises `WatchError`."""
        return self._run(partial(self._jobs.stop, watch))

    def _run(self, do: Callable[[], Awaitable[T]]) -> T:
        """Run it in the other thread; whatever ends the waiting here ends it there."""
        try:
            running: Any = self._portal.start_task_soon(do)
        except RuntimeError:
            if self._close.alive:
                raise
            raise closed() from None
        try:
            found: T = running.result()
        except CancelledError:  # by `close`
            raise closed() from None
        except BaseException:
            running.cancel()
            raise
        return found

    def _each(self, items: AsyncGenerator[T]) -> Iterator[T]:
        try:
            while True:
                try:
                    item = self._run(partial(anext, items))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            with suppress(RuntimeError, JobWatchError):  # being cancelled, or all is closed already
                self._run(items.aclose)


def _listed(them: Iterable[T], what: str) -> Sequence[T]:
    """Take all here: what comes from `list`, or starts watches as it goes, waits for the thread that would take it."""
    return [*several(them, what)]


async def _end(portal: BlockingPortal, jobs: AsyncJobWatch) -> None:
    """Cancel what runs, and close the connections."""
    with CancelScope(shield=True):
        await portal.stop(cancel_remaining=True)
        await jobs.aclose()
