"""Starts watches, and restarts ended ones."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core import decide
from shared.core.model import Watch
from shared.core.remote import RemoteApi, watch_id
from shared.engine.ports import Conflict, Gate, Index, WatchStore
from shared.engine.swap import swap

log = logging.getLogger("watch")

#: How late a turn may be before a start sends its ticket again.
RESEND_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Started:
    """A watch, and whether this request began it."""

    watch: Watch
    begun: bool


@dataclass(frozen=True, slots=True)
class Starter:
    """Begins watches.  A start that fails halfway may be sent again."""

    rows: WatchStore
    act: Callable[[Watch], Awaitable[Watch]]  #: see `Effects`
    apis: Mapping[str, RemoteApi]  #: at the pace that the settings say
    index: Index
    gate: Gate

    async def start(
        self,
        api: RemoteApi,
        job: Mapping[str, str],
        now: datetime,
        deadline: datetime,
        labels: Sequence[str] = (),
        *,
        restart: bool = False,
        begun_by: str = "",
        trace: str = "",
        callback: str = "",
    ) -> Started:
        """Begin a watch, or return the one that follows this job already.

        Its first turn is at once, unless a rate limit is known: then watches that begin together take turns one after
        the other.  With `restart`, an ended watch starts again, unless the same request, named `begun_by`, began it; so
        does one whose row cannot be read.  Raises `Unreadable` without.

        An overdue watch gets its ticket again, in case the start that inserted it died before it sent one.  A watch
        less than 30 s late gets none, because each of several concurrent starts would send one.
        """
        wanted = Watch(
            id=watch_id(api, job),
            api=api.name,
            job=job,
            labels=tuple(labels),
            started_at=now,
            deadline=deadline,
            due=min(now + await self.gate.admit(), deadline),
            not_before=now,
            begun_by=begun_by,
            trace=trace,
            callback=callback,
        )
        await self.index.add(wanted)  # before the row, so that the index is complete
        started = await self._insert(wanted, restart=restart)
        if restart and not (begun_by and begun_by == started.watch.begun_by):
            started = await self._restart(started.watch, wanted)
        if started.watch.started_at != wanted.started_at:
            await self.index.remove(wanted)
        if started.begun or started.watch.due + RESEND_AFTER <= now:
            return Started(await self.act(started.watch), started.begun)
        return started

    async def _insert(self, wanted: Watch, *, restart: bool) -> Started:
        """Insert the row, or return the one that is there: our own, if only the answer to our insert was lost."""
        try:
            inserted = await self.rows.insert(wanted)
        except Conflict:
            if restart:
                found = await self.rows.salvage(wanted.id, wanted.started_at)
            else:
                found = await self.rows.load(wanted.id)
            if found is None:  # deleted in between: the caller may try again
                raise
            return Started(found, found == wanted)
        log.info("watch.started watch=%s api=%s", inserted.id, inserted.api)
        return Started(inserted, begun=True)

    async def _restart(self, found: Watch, wanted: Watch) -> Started:
        """Restart an ended watch, once its end is published.  Of two restarts at once, one does."""
        while found.end is not None:
            try:
                again = await swap(self.rows, decide.restart(await self.act(found), wanted, self.apis[wanted.api]))
            except Conflict:
                there = await self.rows.load(wanted.id)
                if there is None:  # deleted in between: the caller may try again
                    raise
                found = there
            else:
                log.info("watch.restarted watch=%s api=%s", again.id, again.api)
                return Started(again, begun=True)
        return Started(found, found == wanted)
