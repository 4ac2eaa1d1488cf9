"""A small world for the engine to live in: a clock, queues, tables, a remote API, a receiver of callbacks, and workers.

A worker is a coroutine of the real engine, moved by hand.  It pauses before each of its port calls, so it can be
overtaken, or killed, between any two of them.  No threads and no event loop: every run can be replayed.

The world itself insists on what must hold at every moment: see the assertions of its ports.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import count
from types import SimpleNamespace, coroutine
from typing import Any, Literal

from shared.apis.reality_analysis import REALITY_ANALYSIS as API
from shared.core.callback import Attempt, Callback, event_id
from shared.core.model import End, Outcome, Ticket, Watch
from shared.core.newest_first import newest_first
from shared.core.remote import NoResponse, Request, Response, watch_id
from shared.core.schedule import Schedule
from shared.engine.deliver import Kind, receive
from shared.engine.ports import Conflict
from shared.engine.reviver import GRACE
from shared.engine.waker import Woken
from shared.storage.results import result
from tests.builders import NOON
from tests.engine import Ports
from tests.memory import MemoryIndex, MemoryRows, MemoryWatches

JOB = {"jobId": "j"}
ID = watch_id(API, JOB)
PROGRESS, WHY = "/realitydataanalysis/jobs/j/progress", "/realitydataanalysis/jobs/j"
LIFETIME = timedelta(minutes=30)
RETENTION = timedelta(days=1)
ROUND = timedelta(minutes=5)  #: between two rounds of tending

#: The queue's: how long a message is hidden while a worker has it, and after it failed; and how often it may fail.
LEASE, RETRY, MAX_DEQUEUES = timedelta(minutes=10), timedelta(minutes=1), 3

#: No two starts come at the very same instant, nor two ends of one watch; dates in headers are of whole seconds.
A_MOMENT, AN_INSTANT = timedelta(seconds=1), timedelta(microseconds=1)

REVIVALS = Schedule.seconds(60, 300, 900)

#: How a call fails: without an effect; with its effect done; or with its effect done, and the client's own retry, which
#: finds it done, taking it for someone else's.
Fault = Literal["before", "after", "as a conflict"]

#: How each port may fail.  `fetch` never does: what the network does is an answer.
FAULTS: dict[str, tuple[Fault, ...]] = {
    "load": ("before",),
    "insert": ("before", "after", "as a conflict"),
    "commit": ("before", "after", "as a conflict"),
    "delete": ("before", "after", "as a conflict"),
    "send": ("before", "after"),
    "record": ("before", "after"),
    "announce": ("before", "after"),
    "load_callback": ("before",),
    "insert_callback": ("before", "after", "as a conflict"),
    "commit_callback": ("before", "after", "as a conflict"),
    "delete_callback": ("before", "after", "as a conflict"),
    "send_callback": ("before", "after"),
    "post": ("before",),
    "fail": ("before", "after"),
    "add": ("before", "after"),
    "add_ended": ("before", "after"),
    "remove": ("before", "after"),
}


class OutageError(Exception):
    """A service did not answer as it should."""


@coroutine
def pause(port: str = "") -> Generator[str, None, None]:
    """Give the reins back.  What follows happens when the worker is told to go on, or never."""
    yield port


@dataclass(eq=False)
class Message:
    id: str
    body: bytes
    visible_at: datetime
    lease: int = 0  #: only the newest deletes it
    dequeued: int = 0
    holder: Worker | None = None  #: who has the newest lease

    @property
    def ticket(self) -> Ticket:
        return Ticket.from_json(self.body)


class Worker:
    """Does its work up to its next port call each time it is told to `go`."""

    def __init__(self, world: World, work: Coroutine[Any, Any, Any], *, comes_again: bool) -> None:
        self._world, self._work = world, work
        self.comes_again = comes_again  #: whether the queue puts it right when it fails
        self.next_call = ""  #: the port before which it pauses, if it is one
        self.finished = False
        self.ticket: Ticket | None = None  #: that it was given
        self.failed = False  #: killed, or ended by a Conflict or an outage
        self.lost_a_swap = False  #: what it asked was for nothing, since another took the step
        self.not_before = NOON  #: when it may ask the remote API, by what it has read
        self.wants_evidence = False  #: whether the row that it has read says that the job has ended
        self.told: datetime | None = None  #: the Retry-After that it was answered, and has not yet committed
        self.go()

    def go(self, fault: Fault | None = None) -> None:
        """Make the call before which it pauses, and go on to the next; `fault` is how the call fails."""
        self._world.acting, self._world.fault = self, fault
        try:
            self.next_call = self._work.send(None)
        except StopIteration:
            self.finished = True

    @property
    def faults(self) -> tuple[Fault, ...]:
        """How its next call may fail."""
        return FAULTS.get(self.next_call, ())

    def kill(self) -> None:
        """The process dies here."""
        self._work.close()
        self.finished = self.failed = True

    def finish(self) -> Worker:
        while not self.finished:
            self.go()
        return self


@dataclass
class World:
    now: datetime = NOON
    lifetime: timedelta = LIFETIME
    unbroken: frozenset[str] = frozenset()  #: ports before which no worker pauses: they belong to the call before
    table: MemoryWatches = field(default_factory=MemoryWatches)
    callbacks: MemoryRows[Callback] = field(default_factory=MemoryRows)
    callback: str = ""  #: whom its watches notify when they end
    calls: list[Message] = field(default_factory=list)  #: the tickets of callbacks
    tickets: list[Message] = field(default_factory=list)
    poison: list[Message] = field(default_factory=list)
    index: MemoryIndex = field(default_factory=MemoryIndex)
    results: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    events: list[Watch] = field(default_factory=list)
    ended: list[Watch] = field(default_factory=list)  #: each end that was committed
    workers: list[Worker] = field(default_factory=list)
    starters: list[Worker] = field(default_factory=list)  #: of these, those that start or restart

    status: int | None = 200  #: what the remote API answers; None: nothing
    job: str = "active"
    retry_after: timedelta | None = None
    as_a_date: bool = False  #: how it says so
    told: datetime = NOON  #: the last Retry-After that was committed

    refusal: str = ""  #: why the receiver of callbacks takes none
    posts: int = 0
    tries: int = 0  #: that were committed
    tried_by: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)  #: ends that the receiver knows of
    given_up: set[str] = field(default_factory=set)
    with_a_ticket: set[str] = field(default_factory=set)  #: ends whose callback has had a ticket

    failing: dict[str, Iterator[Fault]] = field(default_factory=dict)  #: by port: how its next calls fail
    fault: Fault | None = None  #: how the call that is being made fails

    steps: int = 0
    stepped_by: set[str] = field(default_factory=set)  #: the messages that took them
    rounds: int = 0  #: steps in a row that gave a watch another ticket, without a turn
    sent: int = 0
    polls: int = 0
    starts: int = 0  #: those that send a ticket
    restarts: int = 0  #: those that began it again
    overlaps: int = 0  #: leases that ran out under a worker
    duplicates: int = 0
    tickets_lost: int = 0
    told_of: set[str] = field(default_factory=set)  #: events of the platform
    repeated: int = 0  #: those that came again

    def __post_init__(self) -> None:
        self.acting: Worker
        self._ids = count(1)
        load = self._port(self._load)
        watches: Any = SimpleNamespace(
            load=load,
            insert=self._port(self._insert),
            commit=self._port(self._commit),
            delete=self._port(self._delete),
            stale=self.table.stale,
            salvage=lambda key, _: load(key),
        )
        callbacks: Any = SimpleNamespace(
            load=self._port(self._load_callback),
            insert=self._port(self._insert_callback),
            commit=self._port(self._commit_callback),
            delete=self._port(self._delete_callback),
            stale=self.callbacks.stale,
        )
        self.engine = Ports(
            watches=watches,
            callbacks=callbacks,
            now=lambda: self.now,
            apis={API.name: API},
            index=SimpleNamespace(
                add=self._port(self._add), add_ended=self._port(self._add_ended), remove=self._port(self._remove)
            ),
            send=self._port(self._send),
            send_callback=self._port(self._send_callback),
            fetch=self._port(self._fetch),
            post=self._port(self._post),
            record=self._port(self._record),
            announce=self._port(self._announce),
            reject=self._port(self._reject),
            fail=self._port(self._fail),
            delays=REVIVALS,
            retention=RETENTION,
        )

    # Workers

    def start(self) -> Worker:
        self.starts += self.row is None or self.row.due <= self.now
        self.now += A_MOMENT
        work = self.engine.starter.start(API, JOB, self.now, self.now + self.lifetime, callback=self.callback)
        return self._starting(work)

    def restart(self, begun_by: str = "") -> Worker:
        self.starts += 1
        self.now += A_MOMENT
        work = self.engine.starter.start(
            API,
            JOB,
            self.now,
            self.now + self.lifetime,
            restart=True,
            begun_by=begun_by,
            callback=self.callback,
        )
        return self._starting(work)

    def _starting(self, work: Awaitable[Any]) -> Worker:
        self.starters.append(self._begin(self._as_asked(work), comes_again=False))
        return self.starters[-1]

    def stop(self) -> Worker:
        return self._begin(self._as_asked(self._stopping()), comes_again=True)

    def wake(self, event: str = "event", *, comes_again: bool = False) -> Worker:
        """The platform tells that something happened to the job; it may tell it again, or may not."""
        self.repeated += event in self.told_of
        self.told_of.add(event)
        return self._begin(self._as_asked(self._waking(event)), comes_again=comes_again)

    def deliver(self, message: Message) -> Worker:
        self.overlaps += message.holder is not None and not message.holder.finished
        message.holder = self._begin(self._turn(message, self.tickets, self.engine.poller), comes_again=True)
        return message.holder

    def call(self, message: Message) -> Worker:
        self.overlaps += message.holder is not None and not message.holder.finished
        message.holder = self._begin(self._turn(message, self.calls, self.engine.callback_sender), comes_again=True)
        message.holder.ticket = message.ticket
        return message.holder

    def deliver_poisoned(self, message: Message) -> Worker:
        return self._begin(self._revival(message), comes_again=False)

    def tend(self) -> Worker:
        return self._begin(self._tending(), comes_again=False)

    def _begin(self, work: Coroutine[Any, Any, Any], *, comes_again: bool) -> Worker:
        worker = Worker(self, work, comes_again=comes_again)
        self.workers.append(worker)
        return worker

    @property
    def running(self) -> list[Worker]:
        return [worker for worker in self.workers if not worker.finished]

    # What the Functions host does with them

    async def _as_asked(self, work: Awaitable[Any]) -> Any:
        """Whoever asked sees a failure, and may ask again."""
        try:
            return await work
        except (Conflict, OutageError):
            self.acting.failed = True

    async def _stopping(self) -> None:
        stopped = await self.engine.stopper.stop(ID)
        assert stopped is None or stopped.published, "a stop that did not publish how the watch ended"

    async def _waking(self, event: str) -> None:
        woken = await self.engine.waker.wake(ID, event)
        row = self.row
        if row and row.is_open and row.verdict is None and woken is not Woken.UNWATCHED:
            assert event in row.woken_by, "an event that woke nothing"

    async def _turn(self, message: Message, queue: list[Message], kind: Kind[Any]) -> None:
        """Delete a message whose turn went well; one that failed comes back, or is buried when it failed too often."""
        lease = self._take(message)
        if message.dequeued > MAX_DEQUEUES:
            return await self._bury(message, queue, lease)
        try:
            await receive(kind, message.body, message.id)
        except (Conflict, OutageError):
            self.acting.failed = True
            await pause()
            if message.dequeued >= MAX_DEQUEUES:
                return await self._bury(message, queue, lease)
            if message.lease == lease:
                message.visible_at = self.now + RETRY
            return None
        await pause()
        return _remove(queue, message, lease)

    async def _bury(self, message: Message, queue: list[Message], lease: int) -> None:
        await pause()
        self.tickets_lost += 1  # nobody else does, if it took its step but failed to send the next
        if queue is self.tickets:  # nobody listens to the other's poison: a round finds what is overdue
            self.poison.append(Message(f"p{next(self._ids)}", message.body, self.now))
        await pause()
        _remove(queue, message, lease)

    async def _revival(self, message: Message) -> None:
        """A poisoned message that failed stays hidden for the rest of its lease."""
        lease = self._take(message)
        try:
            await self.engine.reviver.receive_poisoned(message.body)
        except (Conflict, OutageError):
            self.acting.failed = True
            return
        await pause()
        _remove(self.poison, message, lease)

    async def _tending(self) -> None:
        """What `Tender` does, one row at a time."""
        await pause()
        tender = self.engine.tender
        await self._tend_rows(tender.watches, tender.revive)
        await self._tend_rows(tender.callbacks, tender.revive_callback)

    async def _tend_rows(self, rows: Any, revive: Callable[[Any], Awaitable[None]]) -> None:
        for row in [row async for row in rows.stale(self.now - GRACE, self.now - RETENTION)]:
            try:
                await (rows.delete(row) if row.is_settled else revive(row))
            except (Conflict, OutageError):
                self.acting.failed = True

    def _take(self, message: Message) -> int:
        message.lease += 1
        message.dequeued += 1
        message.visible_at = self.now + LEASE
        return message.lease

    # Ports

    def _port(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        name = call.__name__.strip("_")

        async def port(*args: Any) -> Any:
            fault = None
            again = name in {"load", "load_callback"} and self.acting.lost_a_swap and "load again" in self.unbroken
            if name not in self.unbroken and not again:
                await pause(name)
                fault = self.fault
            fault = fault or next(self.failing.get(name, iter(())), None)
            if fault == "before":
                raise OutageError(name)
            answer = await call(*args)
            if fault == "after":
                raise OutageError(name)
            if fault == "as a conflict":
                raise Conflict(name)
            return answer

        return port

    async def _load(self, watch_id: str) -> Watch | None:
        row = await self.table.load(watch_id)
        if row:
            self.acting.not_before = max(row.due, self.told)
            self.acting.wants_evidence = row.verdict is not None
        return row

    async def _insert(self, watch: Watch) -> Watch:
        inserted = await self.table.insert(watch)
        self._check_index()
        self.told = NOON
        return inserted

    async def _commit(self, watch: Watch) -> Watch:
        before = self.table.rows.get(watch.id)
        try:
            after = await self.table.commit(watch)
        except Conflict:
            self.acting.lost_a_swap = True
            raise
        assert before
        if before.outcome and not after.outcome:
            assert before.published, "begun again before its end was published"
            assert after.due >= self.told, "begun again sooner than the API wants to be asked"
            self.restarts += 1
            self.rounds = -1  # of its new life there was none
        elif before.outcome:
            assert after == replace(before, published=True), "it did not stay ended"
            assert before in self.events, "marked as published before it was"
            unnotified = before.callback and event_id(before) not in self.with_a_ticket
            assert not unnotified, "marked as published before its callback had a ticket"
            return after
        assert after.seq == before.seq + 1, "a step that does not count"
        assert not after.published, "published by a step"
        assert after.stepped_by not in self.stepped_by or not after.stepped_by, "a message that took two steps"
        if after.woken_by != before.woken_by:
            assert not before.outcome, "woken after its end"
            assert before.verdict is None, "woken for what it knows"
            assert after.due >= min(before.due, max(self.now, self.told)), "woken sooner than the API wants to be asked"
        later = after.due >= before.due or before.outcome  # begun again, it is due when that was asked for
        assert later or after.stepped_by in after.woken_by or after.due == after.deadline or after.outcome, (
            "due earlier than it was told"
        )
        assert before.outcome or before.verdict in {None, after.verdict}, "forgot how the job ended"
        if after.outcome and before.verdict:
            assert after.outcome in {before.verdict, Outcome.STOPPED}, "ended otherwise than its job"
        if after.outcome is Outcome.FAILED:
            assert after.verdict is Outcome.FAILED, "did not ask why"
        self._check_index()
        self.steps += 1
        self.stepped_by.add(after.stepped_by)
        if after.outcome:
            assert after.outcome is not Outcome.ABANDONED or self.rounds == len(REVIVALS.delays), "abandoned too soon"
            assert event_id(after) not in {event_id(watch) for watch in self.ended}, "two ends of one name"
            self.ended.append(after)
            self.now += AN_INSTANT
        self.rounds = 0 if after.stepped_by else self.rounds + 1
        assert self.rounds <= len(REVIVALS.delays) + bool(after.outcome), "revived without bound"
        self.told, self.acting.told = self.acting.told or self.told, None
        return after

    async def _load_callback(self, key: str) -> Callback | None:
        return await self.callbacks.load(key)

    async def _insert_callback(self, callback: Callback) -> Callback:
        (watch,) = [watch for watch in self.ended if event_id(watch) == callback.id]
        assert watch in self.events, "a callback of what was not announced"
        assert (callback.seq, callback.tries, callback.result) == (0, 0, None), "tried before it was there"
        return await self.callbacks.insert(callback)

    async def _commit_callback(self, callback: Callback) -> Callback:
        before = self.callbacks.rows.get(callback.id)
        try:
            after = await self.callbacks.commit(callback)
        except Conflict:
            self.acting.lost_a_swap = True
            raise
        assert before
        if not before.is_open:
            assert after == replace(before, announced=True), "it did not stay as it came out"
            assert after.id in self.given_up, "marked as announced before it was"
            return after
        assert (after.url, after.body) == (before.url, before.body), "another callback"
        assert after.seq == before.seq + 1, "an attempt that does not count"
        ticket = self.acting.ticket
        assert ticket is None or ticket == Ticket(before.id, before.seq), "an attempt out of turn"
        message = after.stepped_by
        assert not message or message not in self.tried_by, "a message that made two attempts"
        self.tried_by.add(message)
        self.tries += 1
        return after

    async def _delete_callback(self, callback: Callback) -> None:
        await self.callbacks.delete(callback)

    async def _delete(self, watch: Watch) -> None:
        await self.table.delete(watch)

    async def _add(self, watch: Watch) -> None:
        await self.index.add(watch)

    async def _add_ended(self, watch: Watch, end: End) -> None:
        assert watch in self.ended, "listed an end that is not committed"
        await self.index.add_ended(watch, end)

    async def _remove(self, watch: Watch) -> None:
        await self.index.remove(watch)
        self._check_index()

    def _check_index(self) -> None:
        for row in self.table.rows.values():
            listed = ("watching", newest_first(row.started_at, row.id)) in self.index.rows
            assert listed or row.end, "an open watch that no list shows"
            assert listed or _result(row) in self.results.values(), "a watch that no list shows"

    async def _send(self, ticket: Ticket, delay: timedelta) -> None:
        assert self.row is None or ticket.seq <= self.row.seq, "a ticket for a turn that is not committed"
        self.sent += 1
        wait = timedelta(seconds=math.ceil(delay.total_seconds()))
        self.tickets.append(Message(f"m{next(self._ids)}", ticket.to_json().encode(), self.now + wait))

    async def _fetch(self, request: Request, within: timedelta) -> Response | NoResponse:  # noqa: ARG002
        assert request.path == (WHY if self.acting.wants_evidence else PROGRESS)
        assert self.now >= self.acting.not_before, "asked before it was due, or sooner than the API wants to be"
        self.polls += 1
        if self.status is None:
            return NoResponse("no answer")
        headers = {}
        if self.retry_after is not None:
            told = self.now + self.retry_after
            self.acting.told = told.replace(microsecond=0) if self.as_a_date else told  # a date has whole seconds
            as_date, as_seconds = format_datetime(self.acting.told, usegmt=True), f"{self.retry_after.seconds}"
            headers = {"retry-after": as_date if self.as_a_date else as_seconds}
        why = {"executionInformation": {"errors": [{"code": "E1", "message": "no memory"}]}}
        body = {"job": why} if self.acting.wants_evidence else {"progress": {"state": self.job}}
        return Response(self.status, headers, json.dumps(body).encode())

    async def _record(self, watch: Watch, end: End) -> None:
        assert watch in self.ended, "recorded what is not committed"
        row = result(watch, end)
        assert ("ended", row["RowKey"]) in self.index.rows, "a result that no list shows"
        self.results[row["PartitionKey"], row["RowKey"]] = row

    async def _send_callback(self, ticket: Ticket, delay: timedelta) -> None:
        row = self.callbacks.rows.get(ticket.id)
        assert row is None or ticket.seq <= row.seq, "a ticket for an attempt that is not committed"
        self.with_a_ticket.add(ticket.id)
        wait = timedelta(seconds=math.ceil(delay.total_seconds()))
        self.calls.append(Message(f"c{next(self._ids)}", ticket.to_json().encode(), self.now + wait))

    async def _post(self, url: str, message_id: str, body: str) -> Attempt:
        assert url == self.callback
        data = json.loads(body)["data"]
        assert any(
            event_id(watch) == message_id and data["endedAt"] and watch.outcome == data["outcome"]
            for watch in self.ended
        ), "notified of no end"
        self.posts += 1
        if self.refusal:
            return Attempt(self.refusal)
        self.taken.add(message_id)
        return Attempt()

    async def _fail(self, callback: Callback) -> None:
        assert callback.result == "failed", "given up and not so"
        self.given_up.add(callback.id)

    async def _announce(self, watch: Watch, end: End) -> None:
        assert watch in self.ended, "announced what is not committed"
        assert result(watch, end) in self.results.values(), "announced before it was recorded"
        self.events.append(watch)

    async def _reject(self, why: str, excerpt: str) -> None:
        assert why == "no such row", excerpt
        assert json.loads(excerpt)["id"] not in {**self.table.rows, **self.callbacks.rows}

    # Looking at it, and disturbing it

    @property
    def row(self) -> Watch | None:
        return self.table.rows.get(ID)

    def visible(self, queue: list[Message]) -> list[Message]:
        return [message for message in queue if message.visible_at <= self.now]

    def duplicate(self, message: Message, visible_at: datetime) -> None:
        self.duplicates += 1
        self.tickets.append(Message(f"d{next(self._ids)}", message.body, visible_at))

    def lose(self, message: Message) -> None:
        self.tickets_lost += 1
        self.tickets.remove(message)

    @property
    def needs_tending(self) -> bool:
        """Whether something happened that nothing else puts right."""
        return self.tickets_lost > 0 or any(worker.failed and not worker.comes_again for worker in self.workers)

    @property
    def mishaps(self) -> int:
        """What may excuse one ticket too many."""
        failed = sum(worker.failed for worker in self.workers)
        return failed + self.overlaps + self.duplicates + self.repeated + max(0, self.starts - 1)

    def wait_for_a_message(self) -> None:
        self.now = max(self.now, min(message.visible_at for message in self.tickets + self.poison + self.calls))

    # What must hold

    def check_nothing_multiplies(self) -> None:
        """One ticket for a turn, and one poll for a step, but for what mishaps excuse."""
        live = sum(message.ticket.seq == self.row.seq for message in self.tickets) if self.row else 0
        for_nothing = sum(worker.failed or not worker.finished or worker.lost_a_swap for worker in self.workers)
        assert live <= 1 + self.mishaps, "too many tickets for one turn"
        assert self.sent <= self.steps + 1 + self.mishaps, "too many tickets sent"
        assert self.polls <= self.steps + for_nothing, "too many polls"
        assert self.posts <= self.tries + for_nothing, "too many tries of a callback"

    def settle(self, *, tending: bool) -> None:
        """Live on until all is done, or nothing more will happen: from here on nothing fails."""
        self.failing.clear()
        self.status, self.retry_after, self.refusal = 200, None, ""
        for worker in self.running:
            worker.finish()
        end = self.now + timedelta(days=1)
        while self.tickets or self.poison or self.calls or (tending and not self._all_is_settled()):
            assert self.now < end, "it never comes to rest"
            instants = [message.visible_at for message in self.tickets + self.poison + self.calls]
            next_round = NOON + ((self.now - NOON) // ROUND + 1) * ROUND
            self.now = max(self.now, min([*instants, *([next_round] if tending else [])]))
            if tending and self.now == next_round:
                self.tend().finish()
            for message in self.visible(self.tickets):
                self.deliver(message).finish()
            for message in self.visible(self.poison):
                self.deliver_poisoned(message).finish()
            for message in self.visible(self.calls):
                self.call(message).finish()

    def _all_is_settled(self) -> bool:
        rows: list[Watch | Callback] = [*self.table.rows.values(), *self.callbacks.rows.values()]
        return all(row.is_settled for row in rows)

    def check_all_is_done(self) -> None:
        """Every watch has ended, is recorded once, and announced as recorded; nothing is left over."""
        assert not self.tickets
        assert not self.poison
        assert not self.calls
        assert all(row.end and row.published for row in self.table.rows.values()), "a watch is lost"
        assert all(row.is_settled for row in self.callbacks.rows.values()), "a callback is lost"
        ends = {event_id(watch) for watch in self.ended if watch.callback}
        assert ends == self.taken | self.given_up, "somebody was not notified"
        orphans = sum(worker.failed for worker in self.starters)
        listed = [key for state, key in self.index.rows if state == "watching"]
        assert len(listed) <= orphans, "an ended watch is still listed as open"
        rows = [_result(watch) for watch in self.ended]
        assert self.results == {(row["PartitionKey"], row["RowKey"]): row for row in rows}
        assert all(watch in self.events for watch in self.ended)


def _result(watch: Watch) -> dict[str, Any]:
    assert watch.end
    return result(watch, watch.end)


def _remove(queue: list[Message], message: Message, lease: int) -> None:
    if message.lease == lease and message in queue:
        queue.remove(message)
