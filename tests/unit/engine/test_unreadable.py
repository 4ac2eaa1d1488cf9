"""A row that cannot be read: its tickets end, others go on, and a user may stop it or restart it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.model import End, Outcome, Ticket
from shared.engine.ports import OUTAGE, UndeliveredError, Unreadable
from tests.builders import a_watch
from tests.memory import MemoryWatches
from tests.unit.engine.world import ID, LATE

WHY = f"The row {ID} of Watches cannot be read: Outcome"


class SpoiltWatches(MemoryWatches):
    """Each row but `readable` has a column that cannot be read, until it is written again."""

    def __init__(self, rows, readable=()):
        super().__init__()
        self.rows = dict(rows)
        self.spoilt = self.rows.keys() - {*readable}

    def _check(self, key):
        if key in self.spoilt:
            raise Unreadable("Watches", key, ["Outcome"])

    async def load(self, key):
        self._check(key)
        return await super().load(key)

    async def commit(self, row):
        self.spoilt -= {row.id}
        return await super().commit(row)

    async def salvage(self, key, now):
        if key not in self.spoilt:
            return await super().salvage(key, now)
        return await self.commit(replace(self.rows[key], seq=self.rows[key].seq + 1, end=End(Outcome.STOPPED, now)))

    async def stale(self, due_before, ended_before):
        async for row in super().stale(due_before, ended_before):
            yield Unreadable("Watches", row.id, ["Outcome"]) if row.id in self.spoilt else row


@pytest.fixture
def spoilt(started):
    started.store = SpoiltWatches(started.store.rows)
    started.ports = replace(started.ports, watches=started.store)
    return started


def test_its_tickets_are_rejected_and_not_delivered_for_ever(spoilt):
    spoilt.deliver(0)
    spoilt.receive_poisoned(0)

    assert spoilt.rejected == [(WHY, Ticket(ID, 0).to_json())] * 2
    assert (spoilt.asked, spoilt.sent) == ([], [])


def test_it_takes_turns_again_once_it_is_mended(spoilt):
    spoilt.deliver(0)
    spoilt.store.spoilt.clear()
    spoilt.now += LATE
    spoilt.tend()

    assert spoilt.sent == [(Ticket(ID, 1), timedelta(minutes=1))]


def test_a_user_may_stop_it(spoilt):
    stopped = spoilt.stop()

    assert (stopped.outcome, spoilt.row.published) == (Outcome.STOPPED, True)
    assert [watch.id for watch in spoilt.announced] == [ID]


@pytest.mark.parametrize("again", [lambda world: world.stop(), lambda world: world.start(restart=True)])
def test_its_end_is_one_however_often_it_is_published(spoilt, again):
    spoilt.broken = UndeliveredError("away")
    with pytest.raises(UndeliveredError):
        again(spoilt)
    spoilt.now, spoilt.broken = spoilt.now + LATE, None
    again(spoilt)

    assert len({watch.end.at for watch in spoilt.recorded}) == 1


def test_tending_publishes_an_end_that_a_stop_left(spoilt):
    spoilt.broken = UndeliveredError("away")
    with pytest.raises(UndeliveredError):
        spoilt.stop()
    spoilt.now, spoilt.broken = spoilt.now + LATE, None
    spoilt.tend()

    assert spoilt.row.published


def test_a_user_may_restart_it(spoilt):
    started = spoilt.start(restart=True)

    assert started.begun
    assert (spoilt.row.is_open, spoilt.row.seq, spoilt.row.restarts) == (True, 2, 1)
    assert spoilt.sent[-1][0] == Ticket(ID, 2)


def test_a_start_says_what_is_wrong(spoilt):
    with pytest.raises(Unreadable, match="Outcome"):
        spoilt.start()


def test_a_round_tells_of_it_and_tends_the_others(spoilt):
    other = a_watch(id="other", due=spoilt.now)
    spoilt.store.rows["other"] = other
    told, counted = [], []

    async def unreadable(row):
        told.append((row.table, row.key, row.columns))

    async def counts(api, count, _):
        counted.append((api, count.open))

    async def gates():
        return [Unreadable("Gates", "reporting", ["PerMinute"])]

    spoilt.now += LATE
    ports = replace(spoilt.ports, unreadable=unreadable, counted=counts, unreadable_gates=gates)
    asyncio.run(ports.tender.round())

    assert told == [("Watches", ID, ("Outcome",)), ("Gates", "reporting", ("PerMinute",))]
    assert ("reality-analysis", 2) in counted
    assert [ticket.id for ticket, _ in spoilt.sent] == ["other"]


@pytest.mark.parametrize("error", [KeyError("a fault of ours"), *(kind("away") for kind in OUTAGE)])
def test_whatever_tending_one_row_raises_the_others_are_tended(started, error):
    started.store.rows["other"] = a_watch(id="other", due=started.now)
    send = started.ports.send

    async def fails_once(ticket, delay):
        if ticket.id == ID:
            raise error
        await send(ticket, delay)

    started.now += LATE
    failed, _ = asyncio.run(replace(started.ports, send=fails_once).tender.tend())

    assert failed == 1
    assert [ticket.id for ticket, _ in started.sent] == ["other"]


@pytest.mark.parametrize("error", OUTAGE)
def test_an_index_or_a_table_of_gates_that_is_away_delays_no_count(started, error):
    counted = []

    async def fails(*_):
        raise error("away")

    async def counts(api, *_):
        counted.append(api)

    asyncio.run(replace(started.ports, tidy=fails, unreadable_gates=fails, counted=counts).tender.round())

    assert counted == ["reality-analysis"]
