"""The shell, one call at a time, over a store in memory: what it keeps, sends, records and announces."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.apis import APIS
from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.model import Outcome, Ticket
from shared.remote import Response
from shared.watching import Conflict, Watcher, watch_id
from tests.memory import MemoryStore

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
JOB = {"jobId": "j"}


class World:
    """A watcher, and what it did."""

    def __init__(self):
        self.now = NOON
        self.state = "active"
        self.store = MemoryStore()
        self.sent, self.asked, self.recorded, self.announced = [], [], [], []
        self.broken = None  #: an error that announcing raises
        self.watcher = Watcher(
            apis=APIS,
            store=self.store,
            send=self._send,
            fetch=self._fetch,
            record=self._record,
            announce=self._announce,
            now=lambda: self.now,
            draw=lambda: 0.0,
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

    def start(self, **more):
        return asyncio.run(self.watcher.start(REALITY_ANALYSIS, JOB, **more))

    def deliver(self, seq, message_id="m"):
        asyncio.run(self.watcher.deliver(Ticket(self.id, seq), message_id))

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


def test_a_start_sends_the_ticket_again_when_the_turn_is_due(started):
    """Its first start may have died between the row and the ticket."""
    started.start()

    assert started.sent == [(Ticket(started.id, 0), timedelta(0))]


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


def test_losing_the_swap_raises_so_that_the_message_comes_back(started):
    async def someone_else_steps(_):
        row = await started.store.load(started.id)
        await started.store.commit(replace(row, seq=row.seq + 1, stepped_by="other"))
        return Response(200, body=b'{"progress": {"state": "active"}}')

    racing = replace(started.watcher, fetch=someone_else_steps)

    with pytest.raises(Conflict):
        asyncio.run(racing.deliver(Ticket(started.id, 0), "m"))

    assert (started.row.seq, started.sent) == (1, [])


def test_a_ticket_without_a_row_ends_quietly(world):
    asyncio.run(world.watcher.deliver(Ticket("nobody", 0), "m"))

    assert (world.asked, world.sent) == ([], [])


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


def test_an_ended_watch_stays_as_it_ended(started):
    started.state = "failed"
    started.deliver(0)

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
                row = await self.load(watch.id)
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
