"""The shell, one call at a time, over a store in memory: what it keeps, sends, records and announces."""

import asyncio
import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from azure.core.exceptions import ServiceRequestError

from shared.apis import APIS
from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.core.decide import REVIVALS, stop
from shared.core.model import Outcome, Ticket
from shared.core.remote import Response, watch_id
from shared.engine.one_at_a_time import OneAtATime
from shared.engine.ports import Conflict, Count
from shared.engine.tender import AT_ONCE, Tender
from shared.engine.watcher import GRACE, RESEND_AFTER, Watcher
from tests.memory import MemoryStore
from tests.ports import NoGate, NoIndex, ignore, together

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
JOB = {"jobId": "j"}


class World:
    """A watcher, and what it did."""

    def __init__(self):
        self.now = NOON
        self.state = "active"
        self.store = MemoryStore()
        self.sent, self.asked, self.recorded, self.announced, self.rejected = [], [], [], [], []
        self.broken = None  #: an error that announcing raises
        self.watcher = Watcher(
            apis=APIS,
            store=self.store,
            send=self._send,
            fetch=self._fetch,
            record=self._record,
            announce=self._announce,
            reject=self._reject,
            now=lambda: self.now,
            draw=lambda: 0.0,
            gate=NoGate(),
            alone=together,
            poisoned=ignore,
            tell=ignore,
            index=NoIndex(),
        )

    async def _send(self, ticket, delay):
        self.sent.append((ticket, delay))

    async def _fetch(self, request):
        self.asked.append(request)
        return Response(200, body=json.dumps({"progress": {"state": self.state}}).encode())

    async def _record(self, watch):
        self.recorded.append(watch)

    async def _announce(self, watch):
        assert self.recorded, "announced before it was recorded"
        if self.broken:
            raise self.broken
        self.announced.append(watch)

    async def _reject(self, why, excerpt):
        self.rejected.append((why, excerpt))

    def start(self, **more):
        return asyncio.run(self.watcher.start(REALITY_ANALYSIS, JOB, **more))

    def deliver(self, seq, message_id="m"):
        asyncio.run(self.watcher.deliver(Ticket(self.id, seq), message_id))

    def receive_poisoned(self, seq):
        asyncio.run(self.watcher.receive_poisoned(Ticket(self.id, seq).to_json().encode()))

    def tend(self):
        return asyncio.run(Tender(self.watcher, timedelta(days=30), ignore).tend())

    def stop(self):
        return asyncio.run(self.watcher.stop(self.id))

    @property
    def id(self):
        return watch_id(REALITY_ANALYSIS, JOB)

    @property
    def row(self):
        return asyncio.run(self.store.load(self.id))


@pytest.fixture
def world():
    return World()


@pytest.fixture
def started(world):
    world.start()
    world.sent.clear()
    return world


def test_a_start_makes_a_row_and_sends_the_first_ticket_at_once(world):
    watch, begun = world.start(labels=["a"])

    assert begun
    assert world.row == watch
    assert (watch.due, watch.deadline, watch.labels) == (NOON, NOON + REALITY_ANALYSIS.lifetime, ("a",))
    assert world.sent == [(Ticket(watch.id, 0), timedelta(0))]


def test_starting_the_same_job_again_gives_the_same_watch(world):
    first, _ = world.start()
    world.deliver(0)

    again, begun = world.start(labels=["other"])

    assert not begun
    assert (again.id, again.seq, again.labels) == (first.id, 1, ())


def test_a_start_sends_the_ticket_again_when_the_turn_is_overdue(started):
    """Its first start may have died between the row and the ticket."""
    started.now += RESEND_AFTER

    started.start()

    assert started.sent == [(Ticket(started.id, 0), timedelta(0))]


def test_a_start_whose_row_was_inserted_and_the_answer_lost_is_a_start(world):
    """The storage client tries again by itself, and meets its own row."""

    class Forgetful(MemoryStore):
        async def insert(self, watch):
            await super().insert(watch)
            raise Conflict(watch.id)

    watcher = replace(world.watcher, store=Forgetful())

    _, begun = asyncio.run(watcher.start(REALITY_ANALYSIS, JOB))

    assert begun
    assert len(world.sent) == 1


def test_several_starts_at_once_send_one_ticket(world):
    for _ in range(20):
        world.start()
        world.now += timedelta(milliseconds=1)

    assert len(world.sent) == 1


def test_a_start_sends_nothing_while_a_ticket_is_on_its_way(started):
    started.deliver(0)
    started.sent.clear()

    started.start()

    assert started.sent == []


def test_a_turn_asks_once_and_sends_the_next_ticket_when_it_is_due(started):
    started.deliver(0)

    assert len(started.asked) == 1
    assert (started.row.seq, started.row.polls, started.row.due) == (1, 1, NOON + timedelta(seconds=15))
    assert started.sent == [(Ticket(started.id, 1), timedelta(seconds=15))]


def test_a_ticket_of_another_turn_does_nothing(started):
    started.deliver(0, "m")
    before, sent = started.row, list(started.sent)
    started.now += timedelta(minutes=1)

    started.deliver(0, "a duplicate")
    started.deliver(7, "from nowhere")

    assert (started.row, started.sent, len(started.asked)) == (before, sent, 1)


def test_a_message_that_comes_again_redoes_its_effect_but_not_its_step(started):
    started.deliver(0)

    started.deliver(0)

    assert (started.row.seq, len(started.asked)) == (1, 1)
    assert started.sent == [(Ticket(started.id, 1), timedelta(seconds=15))] * 2


def test_a_ticket_that_comes_early_asks_nothing_and_waits_on(started):
    started.deliver(0)
    started.now += timedelta(seconds=5)

    started.deliver(1, "too early")

    assert len(started.asked) == 1
    assert (started.row.polls, started.row.due) == (1, NOON + timedelta(seconds=15))
    assert started.sent[-1] == (Ticket(started.id, 2), timedelta(seconds=10))


def test_an_end_is_recorded_then_announced_then_marked(started):
    started.state = "success"

    started.deliver(0)

    row = started.row
    assert (row.outcome, row.published) == (Outcome.SUCCEEDED, True)
    assert started.recorded == started.announced == [replace(row, published=False)]
    assert started.sent == []


def test_what_is_published_is_not_published_again(started):
    started.state = "success"
    started.deliver(0)

    started.deliver(0)
    started.start()
    started.stop()

    assert len(started.announced) == 1


def test_an_end_that_could_not_be_announced_is_announced_when_the_message_comes_again(started):
    started.state, started.broken = "success", TimeoutError("Application Insights")
    with pytest.raises(TimeoutError):
        started.deliver(0)
    assert not started.row.published

    started.broken = None
    started.deliver(0)

    assert started.row.published
    assert [watch.outcome for watch in started.announced] == [Outcome.SUCCEEDED]


def someone_else_steps(world, stepped_by):
    """A watcher whose row is moved while it asks."""

    async def fetch(_):
        row = world.store.rows[world.id]
        await world.store.commit(replace(row, seq=row.seq + 1, stepped_by=stepped_by))
        return Response(200, body=b'{"progress": {"state": "active"}}')

    return replace(world.watcher, fetch=fetch)


def test_a_swap_that_another_message_won_owes_nothing(started):
    asyncio.run(someone_else_steps(started, "other").deliver(Ticket(started.id, 0), "m"))

    assert (started.row.seq, started.sent) == (1, [])


def test_a_swap_that_this_message_won_already_is_acted_on(started):
    """Another worker took this message's step and may have died; or it is our own write, whose answer was lost."""
    asyncio.run(someone_else_steps(started, "m").deliver(Ticket(started.id, 0), "m"))

    assert started.sent == [(Ticket(started.id, 1), timedelta(0))]


def test_a_swap_that_a_stop_won_is_published(started):
    async def fetch(_):
        row = started.store.rows[started.id]
        await started.store.commit(stop(row, started.now))
        return Response(200, body=b'{"progress": {"state": "active"}}')

    asyncio.run(replace(started.watcher, fetch=fetch).deliver(Ticket(started.id, 0), "m"))

    assert (started.row.outcome, started.row.published) == (Outcome.STOPPED, True)


def test_a_swap_of_a_row_that_is_gone_ends_quietly(started):
    async def fetch(_):
        del started.store.rows[started.id]
        return Response(200, body=b'{"progress": {"state": "active"}}')

    asyncio.run(replace(started.watcher, fetch=fetch).deliver(Ticket(started.id, 0), "m"))

    assert started.sent == []


def test_a_swap_that_nobody_won_raises_so_that_the_message_comes_back(started):
    class Refusing(MemoryStore):
        async def commit(self, watch):
            raise Conflict(watch.id)

    refusing = Refusing()
    refusing.rows = started.store.rows

    with pytest.raises(Conflict):
        asyncio.run(replace(started.watcher, store=refusing).deliver(Ticket(started.id, 0), "m"))

    assert (started.row.seq, started.sent) == (0, [])


def test_a_ticket_without_a_row_ends_quietly(world):
    asyncio.run(world.watcher.deliver(Ticket("nobody", 0), "m"))

    assert (world.asked, world.sent) == ([], [])
    assert world.rejected == [("no such watch", '{"watch":"nobody","seq":0}')]


def test_a_stop_ends_the_watch_at_once_and_publishes_it(started):
    watch = started.stop()

    assert (watch.outcome, watch.ended_at, watch.published) == (Outcome.STOPPED, NOON, True)
    assert len(started.recorded) == len(started.announced) == 1


def test_stopping_again_changes_nothing(started):
    assert started.stop() == started.stop()


def test_a_stopped_watch_is_not_polled_when_its_ticket_arrives(started):
    started.stop()

    started.deliver(0)

    assert (started.asked, started.sent) == ([], [])


def test_no_ticket_moves_an_ended_watch_whatever_its_number(started):
    """None is ever sent with the number of an ended row; but anyone may write to a queue."""
    ended = started.stop()

    started.deliver(ended.seq, "forged")

    assert started.row == ended
    assert started.asked == []


def test_an_ended_watch_stays_as_it_ended(started):
    started.state = "failed"
    started.deliver(0)
    started.deliver(1)

    assert started.stop().outcome is Outcome.FAILED


def test_nobody_stops_an_unknown_watch(world):
    assert world.stop() is None


def test_a_stop_wins_over_a_turn_that_gets_in_between(started):
    class Racing(MemoryStore):
        """A turn commits just before the first stop does."""

        raced = False

        async def commit(self, watch):
            if watch.outcome is Outcome.STOPPED and not self.raced:
                self.raced = True
                row = self.rows[watch.id]
                await super().commit(replace(row, seq=row.seq + 1))
            return await super().commit(watch)

    store = Racing()
    asyncio.run(store.insert(started.row))

    watch = asyncio.run(replace(started.watcher, store=store).stop(started.id))

    assert store.raced
    assert (watch.outcome, watch.seq) == (Outcome.STOPPED, 2)


def test_a_stop_that_could_not_be_announced_is_announced_when_the_ticket_arrives(started):
    started.broken = TimeoutError("Application Insights")
    with pytest.raises(TimeoutError):
        started.stop()

    started.broken = None
    started.deliver(0)

    assert started.row.published
    assert [watch.outcome for watch in started.announced] == [Outcome.STOPPED]


def test_a_job_is_one_watch_whatever_the_order_of_its_ids():
    access_control = APIS["access-control"]

    assert watch_id(access_control, {"itwinId": "1", "jobId": "2"}) == watch_id(
        access_control, {"jobId": "2", "itwinId": "1"}
    )
    assert watch_id(access_control, {"itwinId": "1", "jobId": "2"}) != watch_id(
        access_control, {"itwinId": "2", "jobId": "1"}
    )


LATE = GRACE + timedelta(seconds=1)


def test_a_message_that_is_no_ticket_is_reported_and_dropped(world):
    asyncio.run(world.watcher.receive(b"\x00<script>" + b"x" * 500, "m"))

    ((why, excerpt),) = world.rejected
    assert why == "not a ticket"
    assert excerpt.startswith("?<script>xxx")
    assert len(excerpt) == 100


def test_a_poisoned_ticket_is_fenced_off_and_replaced(started):
    started.now += timedelta(hours=2)

    started.receive_poisoned(0)

    row = started.row
    assert (row.seq, row.revivals, row.stepped_by) == (1, 1, "")
    assert started.sent == [(Ticket(started.id, 1), timedelta(minutes=1))]


def test_each_round_is_later_and_a_turn_ends_them(started):
    waits = []
    for seq in range(3):
        started.receive_poisoned(seq)
        waits.append(started.sent[-1][1])
        started.now = started.row.due

    assert waits == [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)]
    started.deliver(3)
    assert started.row.revivals == 0


def test_after_the_last_round_the_watch_is_abandoned_and_published(started):
    for seq in range(len(REVIVALS.delays) + 1):
        started.now = started.row.due
        started.receive_poisoned(seq)

    row = started.row
    assert (row.outcome, row.published) == (Outcome.ABANDONED, True)
    assert row.reason.startswith("no turn succeeded in 7 rounds")
    assert [watch.outcome for watch in started.announced] == [Outcome.ABANDONED]


def test_a_poisoned_ticket_of_a_turn_that_has_passed_needs_nothing(started):
    started.deliver(0)
    before = started.row

    started.receive_poisoned(0)

    assert started.row == before


def test_unless_the_next_turn_is_overdue_which_it_may_have_failed_to_announce(started):
    started.deliver(0)
    started.now = started.row.due + LATE

    started.receive_poisoned(0)

    assert (started.row.seq, started.row.revivals) == (2, 1)


def test_a_poisoned_ticket_of_an_ended_watch_publishes_it(started):
    started.state, started.broken = "success", TimeoutError("Application Insights")
    with pytest.raises(TimeoutError):
        started.deliver(0)

    started.broken = None
    started.receive_poisoned(0)

    assert started.row.published


def test_reviving_is_no_licence_to_ask_early(started):
    started.deliver(0)

    asyncio.run(started.watcher.tend(replace(started.row, due=NOON + timedelta(days=1))))

    assert started.row.due == NOON + timedelta(days=1)


def test_tending_gives_those_that_fell_behind_a_turn_and_leaves_the_others(started):
    assert started.tend() == 0
    assert started.sent == []

    started.now += LATE
    assert started.tend() == 0

    assert started.sent == [(Ticket(started.id, 1), timedelta(minutes=1))]


def test_a_late_ticket_of_a_revived_watch_does_nothing(started):
    started.now += LATE
    started.tend()

    started.deliver(0, "late")

    assert started.asked == []


def test_tending_publishes_what_ended_unpublished(started):
    started.broken = TimeoutError("Application Insights")
    with pytest.raises(TimeoutError):
        started.stop()
    started.broken = None
    started.now += LATE

    started.tend()

    assert started.row.published


def test_tending_removes_what_ended_long_ago_and_was_published(started):
    started.stop()
    started.now += timedelta(days=30)
    started.tend()
    assert started.row is not None

    started.now += timedelta(seconds=1)
    started.tend()

    assert started.row is None
    assert len(started.recorded) == 1


def test_one_row_that_cannot_be_tended_does_not_keep_others_from_it(started):
    other = replace(started.row, id=str(UUID(int=1)))
    asyncio.run(started.store.insert(other))
    started.now += LATE

    async def refuse(ticket, delay):
        if ticket.watch_id == started.id:
            raise ServiceRequestError("storage")
        started.sent.append((ticket, delay))

    watcher = replace(started.watcher, send=refuse)
    failed = asyncio.run(Tender(watcher, timedelta(days=30), ignore).tend())

    assert failed == 1
    assert [ticket.watch_id for ticket, _ in started.sent] == [other.id]


def test_two_deliveries_of_one_ticket_in_one_process_ask_once(started):
    async def slow(request):
        started.asked.append(request)
        await asyncio.sleep(0.01)
        return Response(200, body=b'{"progress": {"state": "active"}}')

    watcher = replace(started.watcher, fetch=slow, alone=OneAtATime())

    async def scenario():
        await asyncio.gather(*(watcher.deliver(Ticket(started.id, 0), message_id) for message_id in "ab"))

    asyncio.run(scenario())

    assert len(started.asked) == 1
    assert (started.row.seq, len(started.sent)) == (1, 1)


def test_other_watches_are_not_held_up():
    async def scenario():
        alone = OneAtATime()
        async with alone("a"), alone("b"):
            return len(alone._locks)

    assert asyncio.run(asyncio.wait_for(scenario(), 5)) == 2


def test_a_round_over_a_large_table_holds_few_rows_at_a_time(started):
    """Ended rows to remove, ten thousand of them, counted as they come and go."""
    held = most_held = 0

    class LargeStore(MemoryStore):
        async def stale(self, due_before, ended_before):  # noqa: ARG002
            nonlocal held, most_held
            for number in range(10_000):
                held += 1
                most_held = max(most_held, held)
                yield replace(ended, id=str(number))

        async def delete(self, watch):  # noqa: ARG002
            nonlocal held
            await asyncio.sleep(0)
            held -= 1

    ended = started.stop()
    tender = Tender(replace(started.watcher, store=LargeStore()), timedelta(days=30), ignore)

    assert asyncio.run(tender.tend()) == 0
    assert (held, most_held) == (0, AT_ONCE)


@pytest.mark.parametrize("broken", [None, TimeoutError("Application Insights")])
def test_a_round_tells_what_was_open_and_overdue_before_it_tended(started, broken):
    """Also of APIs with nothing open; and tends although that cannot be told."""
    told = {}

    async def counted(api, count):
        told[api] = count
        if broken:
            raise broken

    started.now += LATE
    tender = Tender(started.watcher, timedelta(days=30), counted)
    with pytest.raises(TimeoutError) if broken else nullcontext():
        asyncio.run(tender.round())

    assert told == {**dict.fromkeys(APIS, Count()), REALITY_ANALYSIS.name: Count(1, 1, LATE)}
    assert started.sent == [(Ticket(started.id, 1), timedelta(minutes=1))]


def test_a_poisoned_ticket_is_told_after_its_watch_was_given_another(started):
    told = []

    async def poisoned(watch):
        told.append((watch.id, len(started.sent)))

    body = Ticket(started.id, 0).to_json().encode()
    asyncio.run(replace(started.watcher, poisoned=poisoned).receive_poisoned(body))

    assert told == [(started.id, 1)]


def test_what_is_tended_at_once_comes_back_spread_out(started):
    draws = iter([0.0, 0.5, 0.999])
    watcher = replace(started.watcher, draw=lambda: next(draws))
    others = [replace(started.row, id=str(UUID(int=number))) for number in range(2)]
    for other in others:
        asyncio.run(started.store.insert(other))
    started.now += LATE

    asyncio.run(Tender(watcher, timedelta(days=30), ignore).tend())

    waits = [delay.total_seconds() for _, delay in started.sent]
    assert waits == [60, 90, pytest.approx(120, abs=0.1)]
