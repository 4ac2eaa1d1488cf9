"""The shell around `decide`: load, observe, decide, commit, act.

Crash safety in one paragraph.  The row is the truth and is written first, by compare-and-swap; the effect it promises
(the next ticket, or the publication of the outcome) comes after.  A crash in between leaves the queue message
undeleted, so it is delivered again; the row says that this very message took the step, and the effect is done again.
Effects are therefore at-least-once, steps exactly-once.  A lost swap never ends a turn by itself: the row is read
again, as if the message came again, and says whether this message owes the effect.
See docs/decisions/0001-commit-then-act.md for the orders that lose watches.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core.callback import is_pending, try_again
from shared.core.decide import REVIVALS, advance, begin_again, decide, revive, stop
from shared.core.model import Fault, Observation, Report, Ticket, Watch
from shared.core.rate_limit import Traffic, held_back
from shared.core.remote import NoResponse, RemoteApi, Request, Response, ask, observe, too_early, watch_id
from shared.core.schedule import Schedule
from shared.core.untrusted import tidy
from shared.engine.ports import LONGEST_EXCERPT, Conflict, Gate, Index, Store

log = logging.getLogger("watch")

#: How late a turn may be before it counts as lost.  A ticket whose worker died is hidden for the rest of a lease of 10
#: minutes; a watch that is revived earlier than that is fenced off from it, so this may be shorter.
GRACE = timedelta(minutes=5)

#: How late a turn may be before a start sends its ticket again.
RESEND_AFTER = timedelta(seconds=30)

#: How soon after its ticket was sent a callback is told: by then the end is marked as published, most of the time.
SOON = timedelta(seconds=1)


class StillTellingError(Exception):
    """A watch cannot begin again before all is said about how it ended."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Moves watches.  Its ports may raise whatever their services raise: the queue delivers again."""

    apis: Mapping[str, RemoteApi]
    store: Store
    send: Callable[[Ticket, timedelta], Awaitable[None]]  #: a ticket that becomes visible after the delay, not earlier
    fetch: Callable[[Request], Awaitable[Response | NoResponse]]  #: one GET; never raises for what the network does
    record: Callable[[Watch], Awaitable[None]]  #: one row of results; doing it again changes nothing
    announce: Callable[[Watch], Awaitable[None]]  #: one event, delivered when this returns
    reject: Callable[[str, str], Awaitable[None]]  #: one event on a ticket that is none: why, and an excerpt
    now: Callable[[], datetime]
    draw: Callable[[], float]  #: a random number in [0, 1)
    gate: Gate
    alone: Callable[[str], AbstractAsyncContextManager[None]]  #: see `OneAtATime`
    poisoned: Callable[[Watch], Awaitable[None]]  #: one event on a ticket that failed too often
    tell: Callable[[Ticket, timedelta], Awaitable[None]]  #: a ticket of a callback
    index: Index
    revivals: Schedule = REVIVALS
    grace: timedelta = GRACE

    async def start(
        self,
        api: RemoteApi,
        job: Mapping[str, str],
        deadline: datetime | timedelta | None = None,
        labels: Sequence[str] = (),
        *,
        restart: bool = False,
        begun_by: str = "",
        trace: str = "",
        callback: str = "",
    ) -> tuple[Watch, bool]:
        """Begin a watch; or return the one that already follows this job, and False.

        Its first turn is at once, unless a rate limit is known: then those begun together have it one after the other.
        With `restart`, one that has ended begins again, unless the same request, by its name `begun_by`, began it.

        A watch that is found overdue gets its ticket again, in case the start that made it died before sending one; not
        sooner, or several starts at once would each send one.
        """
        now = self.now()
        deadline = deadline if isinstance(deadline, datetime) else now + (deadline or api.lifetime)
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
        await self.index.add(wanted)  # before the row, so that no open watch is missing from the lists
        try:
            watch, begun = await self.store.insert(wanted), True
            log.info("watch.started watch=%s api=%s", watch.id, watch.api)
        except Conflict:
            found = await self.store.load(wanted.id)
            if found is None:  # deleted in between: the caller may try again
                raise
            watch, begun = found, found == wanted  # equal: it is ours after all, and only the answer was lost
            if restart and not (begun_by and begun_by == watch.begun_by):
                try:
                    watch, begun = await self._begin_again(watch, wanted)
                except StillTellingError:
                    await self.index.remove(wanted)
                    raise
            if watch.started_at != wanted.started_at:
                await self.index.remove(wanted)
        if begun or watch.due + RESEND_AFTER <= now:
            watch = await self.act(watch)
        return watch, begun

    async def _begin_again(self, found: Watch, wanted: Watch) -> tuple[Watch, bool]:
        """Begin an ended watch again, once it is published.  Of two who try at once, one does."""
        while found.outcome is not None:
            again = wanted
            try:
                found = await self.act(found)
                if is_pending(found):
                    raise StillTellingError(found.id)
                again = begin_again(found, wanted)
                again = await self.store.commit(again)
            except Conflict:
                now_there = await self.store.load(wanted.id)
                if now_there is None:  # deleted in between: the caller may try again
                    raise
                if now_there == again:  # ours after all, and only the answer was lost
                    return now_there, True
                found = now_there
            else:
                log.info("watch.restarted watch=%s api=%s", again.id, again.api)
                return again, True
        return found, found == wanted

    async def receive(self, body: bytes, message_id: str) -> None:
        """Take a message off the queue: a ticket, or something that is reported and dropped."""
        if ticket := await self._read(body):
            await self.deliver(ticket, message_id)

    async def deliver(self, ticket: Ticket, message_id: str) -> None:
        """Give a watch its turn.  Called at least once per ticket, possibly late, possibly twice at once."""
        async with self.alone(ticket.watch_id):
            watch = await self._load(ticket)
            if watch is None:
                return
            if ticket.seq == watch.seq and watch.outcome is None:  # the fence: it is this ticket's turn
                stepped = await self._step(watch, message_id)
                if stepped is None:
                    return
                watch = stepped
            ours = watch.stepped_by == message_id  # our step, now or in an earlier delivery
            if ours or watch.outcome is not None:  # an end that a stop could not publish is anyone's to publish
                await self.act(watch)

    async def stop(self, watch_id: str) -> Watch | None:
        """End a watch at a user's wish.  An ended one stays as it ended.  None when there is no such watch."""
        while watch := await self.store.load(watch_id):
            try:
                if watch.outcome is None:
                    watch = await self.store.commit(stop(watch, self.now()))
                    log.info("watch.ended watch=%s api=%s outcome=%s", watch.id, watch.api, watch.outcome)
                return await self.act(watch)
            except Conflict:  # a turn got in between; each one that does moves the watch on, so this ends
                continue
        return None

    async def receive_poisoned(self, body: bytes) -> None:
        """Take a message off the poison queue: a ticket that failed too often.  Its watch is given another.

        A ticket of a turn that has passed needs nothing, unless the next one is overdue: it may have failed to send it.
        """
        ticket = await self._read(body)
        watch = await self._load(ticket) if ticket else None
        if watch is None or ticket is None:
            return
        if watch.outcome is not None or ticket.seq == watch.seq or watch.due + self.grace <= self.now():
            await self.tend(watch)
        await self.poisoned(watch)  # last: an outage of events must not keep it from its turn

    async def tend(self, watch: Watch) -> None:
        """Give a watch that fell behind its next turn, or publish how it ended.  Raises `Conflict` if it just moved."""
        if watch.published and is_pending(watch):
            watch = await self.store.commit(try_again(watch, self.now()))
            await self.tell(Ticket(watch.id, watch.callback_seq), timedelta(0))
            return
        if watch.outcome is None:
            watch = await self.store.commit(revive(watch, self.revivals, self.now(), self.draw()))
            log.warning("watch.revived watch=%s api=%s round=%d", watch.id, watch.api, watch.revivals)
        await self.act(watch)

    async def act(self, watch: Watch) -> Watch:
        """Do what the row promises.  Doing it again is harmless."""
        if watch.outcome is None:
            await self.send(Ticket(watch.id, watch.seq), max(timedelta(0), watch.due - self.now()))
        elif not watch.published:
            await self.record(watch)
            await self.announce(watch)
            due = None
            if is_pending(watch):
                due = self.now()
                await self.tell(Ticket(watch.id, watch.callback_seq), SOON)
            await self.index.remove(watch)
            watch = await self.store.commit(replace(watch, published=True, callback_due=due))
        return watch

    async def _read(self, body: bytes) -> Ticket | None:
        try:
            return Ticket.from_json(body)
        except ValueError:
            await self._reject("not a ticket", body.decode("utf-8", "replace"))
            return None

    async def _load(self, ticket: Ticket) -> Watch | None:
        watch = await self.store.load(ticket.watch_id)
        if watch is None:
            await self._reject("no such watch", ticket.to_json())
        return watch

    async def _reject(self, why: str, text: str) -> None:
        excerpt = tidy(text, LONGEST_EXCERPT)
        log.warning("ticket.rejected reason=%r excerpt=%r", why, excerpt)
        await self.reject(why, excerpt)

    async def _step(self, before: Watch, message_id: str) -> Watch | None:
        """Take a step and return the row as it stands then, whoever moved it; None when there is none any more.

        A lost swap may be our own write whose answer was lost, or one of an earlier delivery of this message that has
        not acted.  The row tells, so the rest of the turn goes by that, as it would if the message came again.
        """
        after, seen = await self._ask_and_decide(before, message_id)
        try:
            committed = await self.store.commit(after)
        except Conflict:
            found = await self.store.load(before.id)
            if found is not None and found.seq == before.seq and found.outcome is None:
                raise  # nobody took this step
            return found
        _log_transition(before, committed, seen)
        return committed

    async def _ask_and_decide(self, watch: Watch, message_id: str) -> tuple[Watch, Observation]:
        api = self.apis[watch.api]
        traffic, now = Traffic(), self.now()
        seen: Observation | None = too_early(watch, now)
        if seen is None:
            traffic, now = await self.gate.look(api.name), self.now()
            seen = held_back(traffic, self.draw())
        if seen is None:
            request, asked_at = ask(api, watch), now
            answer = await self.fetch(request)
            now = self.now()
            seen = observe(api, request, answer, now)
            if isinstance(seen, Fault) and seen.throttled:
                told = api.faults.delay(0) if seen.retry_after is None else seen.retry_after
                traffic = await self.gate.shut(api.name, asked_at, told)
        decision = decide(watch, seen, api, now, self.draw(), spacing=traffic.spacing)
        return advance(watch, seen, decision, now, message_id), seen


def _log_transition(before: Watch, after: Watch, seen: Observation) -> None:
    """Say what changed; a poll that changes nothing is not worth a line."""
    if after.outcome is not None:
        log.info("watch.ended watch=%s api=%s outcome=%s", after.id, after.api, after.outcome)
    elif after.status != before.status:
        log.info("watch.moved watch=%s api=%s status=%r", after.id, after.api, after.status)
    elif after.faults_in_a_row == 1:
        log.info("watch.faulted watch=%s api=%s reason=%r", after.id, after.api, after.reason)
    if isinstance(seen, Report) and not seen.known and after.status != before.status:
        log.warning("status.unknown api=%s status=%r: taken for a job still running", after.api, after.status)
