"""Gates between processes: what one has learned the others know within seconds, and nobody writes without a 429."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from azure.data.tables import EdmType, EntityProperty
from azure.data.tables.aio import TableClient, TableServiceClient
from azure.storage.queue.aio import QueueClient

from shared.core.decide import LOOKS_AGAIN
from shared.core.model import Ticket
from shared.core.rate_limit import Clearance, GateState, LearnedRate
from shared.engine.gate import BETWEEN_READS, COMES_BACK_WITHIN, SharedGate
from shared.storage.entities import A_VALUE
from shared.storage.gates import GateTable
from shared.storage.tickets import TicketQueue
from tests.builders import NOON

#: The wait of a watch's schedule.
POLL = timedelta(minutes=1)


def seconds(number):
    return timedelta(seconds=number)


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


class Counted:
    """A table client that counts the requests it makes."""

    def __init__(self, table):
        self._table, self.table_name = table, table.table_name
        self.reads = self.writes = 0

    def query_entities(self, wanted, **options):
        self.reads += 1
        return self._table.query_entities(wanted, **options)

    async def get_entity(self, *keys):
        return await self._table.get_entity(*keys)

    async def upsert_entity(self, *args):
        self.writes += 1
        return await self._table.upsert_entity(*args)

    async def create_table(self):
        return await self._table.create_table()


class Flight:
    """How many watches there are, and how often somebody asked."""

    def __init__(self, watches):
        self.watches, self.asked = watches, 0

    async def count(self):
        self.asked += 1
        return self.watches


@pytest.fixture
def name():
    return f"Gates{uuid.uuid4().hex}"


def on_a_table(azurite, name, story, *, made=True):
    """Run a coroutine that gets a table, which is there or not."""

    async def run():
        async with TableClient.from_connection_string(azurite, name) as table:
            if made:
                await table.create_table()
            return await story(Counted(table))

    return asyncio.run(run())


def gates(table, clock, watches=1000, budget=None, count=None):
    port = GateTable(table)
    return SharedGate(port.read, port.write, count or Flight(watches).count, budget, clock)


@pytest.mark.parametrize("made", [True, False])
def test_what_one_process_learned_another_knows(azurite, name, made):
    async def story(table):
        clock = Clock()
        one, other = gates(table, clock), gates(table, clock)
        before = await other.acquire("reporting", POLL)
        clock.now += BETWEEN_READS

        mine = await one.refused("reporting", NOON, seconds(60))
        clock.now += BETWEEN_READS
        await other.acquire("reporting", POLL)
        clock.now += BETWEEN_READS

        return before, mine, await other.acquire("reporting", POLL), await other.acquire("schedules", POLL)

    before, mine, theirs, another_api = on_a_table(azurite, name, story, made=made)

    assert (before.wait_until, before.spacing) == (None, timedelta(0))
    assert mine == theirs
    assert theirs.wait_until == NOON + BETWEEN_READS + seconds(60)
    assert theirs.spacing == 1000 / 450 * timedelta(minutes=1)
    assert (another_api.wait_until, another_api.spacing) == (None, timedelta(0))


def test_many_turns_make_few_reads_and_no_write(azurite, name):
    async def story(table):
        clock, flight = Clock(), Flight(5)
        mine = gates(table, clock, budget=450.0, count=flight.count)
        for _ in range(120):
            await asyncio.gather(*(mine.acquire("reporting", POLL) for _ in range(10)))
            clock.now += seconds(0.5)
        return table.reads + flight.asked, table.writes, flight.asked

    assert on_a_table(azurite, name, story) == (60 // BETWEEN_READS.seconds, 0, 10)


def test_nobody_counts_watches_while_no_limit_is_known(azurite, name):
    async def story(table):
        flight = Flight(5)
        mine = gates(table, Clock(), count=flight.count)
        traffic = await mine.acquire("reporting", POLL)
        return traffic.spacing, flight.asked

    assert on_a_table(azurite, name, story) == (timedelta(0), 0)


def test_many_429s_at_once_make_one_write(azurite, name):
    async def story(table):
        clock = Clock()
        mine = gates(table, clock)
        await asyncio.gather(*(mine.refused("reporting", NOON, seconds(60)) for _ in range(50)))
        clock.now += seconds(0.5)
        await asyncio.gather(*(mine.refused("reporting", NOON, seconds(60)) for _ in range(50)))
        return table.writes

    assert on_a_table(azurite, name, story) == 1


def test_a_gate_that_another_has_shut_for_less_does_not_open_ours(azurite, name):
    async def story(table):
        clock = Clock()
        one, other = gates(table, clock), gates(table, clock)
        await one.refused("reporting", NOON, seconds(60))
        await other.refused("reporting", NOON, seconds(5))
        clock.now += 2 * BETWEEN_READS
        return await one.acquire("reporting", POLL)

    assert on_a_table(azurite, name, story).wait_until == NOON + seconds(60)


def test_no_process_asks_for_more_than_is_allowed_in_a_minute(azurite, name):
    async def story(table):
        clock = Clock()
        mine = gates(table, clock, watches=120, budget=60.0)
        first = [await mine.acquire("reporting", POLL) for _ in range(64)]
        clock.now += seconds(59)
        still = await mine.acquire("reporting", POLL)
        clock.now += seconds(1)
        return first, still, await mine.acquire("reporting", POLL)

    first, still, later = on_a_table(azurite, name, story)

    assert [traffic.wait_until for traffic in first] == [None] * 63 + [NOON + seconds(60)]
    assert still == Clearance(NOON + seconds(60), spread=COMES_BACK_WITHIN, spacing=timedelta(minutes=2))
    assert later == Clearance(spacing=timedelta(minutes=2))


def test_what_was_asked_long_ago_is_forgotten_though_no_limit_is_known(azurite, name):
    async def story(table):
        clock = Clock()
        mine = gates(table, clock)
        for _ in range(300):
            await mine.acquire("reporting", POLL)
            clock.now += seconds(1)
        return len(mine._own._asked)

    assert on_a_table(azurite, name, story) <= 60


def test_the_spacing_is_scaled_as_all_our_waits_are(azurite, name):
    async def story(table):
        mine = gates(table, Clock(), budget=60.0)
        mine.scale = 0.1
        await mine.acquire("reporting", POLL)
        mine.now.now += BETWEEN_READS
        return (await mine.acquire("reporting", POLL)).spacing, [await mine.admit() for _ in range(2)]

    assert on_a_table(azurite, name, story) == (seconds(100), [seconds(0), seconds(0.1)])


def test_starts_follow_one_another_when_there_is_a_budget(azurite, name):
    async def story(table):
        clock = Clock()
        limited, free = gates(table, clock, budget=60.0), gates(table, clock)
        waits = [await limited.admit() for _ in range(3)]
        clock.now += seconds(10)
        return [*waits, await limited.admit()], await free.admit()

    assert on_a_table(azurite, name, story) == ([seconds(0), seconds(1), seconds(2), seconds(0)], timedelta(0))


def test_starts_follow_one_another_after_a_429(azurite, name):
    async def story(table):
        mine = gates(table, Clock())
        await mine.refused("reporting", NOON, seconds(5))
        return [await mine.admit() for _ in range(2)]

    assert on_a_table(azurite, name, story) == [timedelta(0), timedelta(minutes=1) / 450]


class Broken:
    """Storage that does not answer."""

    def query_entities(self, *_, **__):
        raise ServiceRequestError("no answer")

    async def upsert_entity(self, *_):
        raise HttpResponseError("no answer")


def test_no_turn_is_lost_when_storage_fails_the_gate(caplog):
    async def count():
        raise ServiceRequestError("no answer")

    async def story():
        mine = gates(Broken(), Clock(), count=count)
        before = await mine.acquire("reporting", POLL)
        await mine.refused("reporting", NOON, seconds(60))
        return before, await mine.acquire("reporting", POLL)

    before, after = asyncio.run(story())

    assert (before.wait_until, after.wait_until) == (None, NOON + seconds(60))
    assert {line.split()[0] for line in caplog.messages} == {
        "gates.unread",
        "gate.shut",
        "gate.unwritten",
        "watches.uncounted",
    }


def test_a_gate_that_could_not_be_written_is_written_later_and_meanwhile_the_watch_itself_remembers(azurite, name):
    async def story(table):
        clock = Clock()
        mine, other = gates(table, clock), gates(table, clock)
        write = mine.write

        async def broken(*_):
            raise ServiceRequestError("no answer")

        mine.write = broken
        told = await mine.refused("reporting", NOON, seconds(60))
        mine.write = write
        for _ in range(3):
            clock.now += BETWEEN_READS
            held = await mine.acquire("reporting", POLL)
        return told, held, await other.acquire("reporting", POLL), table.writes

    told, held, others, writes = on_a_table(azurite, name, story)

    assert told.wait_until is None  # so that it keeps its whole Retry-After
    assert held.wait_until == others.wait_until == NOON + seconds(60)
    assert writes == 1


def test_a_gate_is_read_as_it_was_written(azurite, name):
    learned = LearnedRate(450.5, 500.25, NOON, timedelta(hours=1), strays=3)
    gate, bare = GateState(NOON, NOON + seconds(7), learned), GateState(NOON, NOON + seconds(9))

    async def story(table):
        port = GateTable(table)
        await port.write("reporting", bare)
        await port.write("reporting", gate)
        await port.write("schedules", bare)
        return await port.read()

    assert on_a_table(azurite, name, story) == {"reporting": gate, "schedules": bare}


@pytest.mark.parametrize("edit", ["deleted", {"OpensAt": NOON}])
def test_an_operator_lifts_a_gate_for_all(azurite, name, edit):
    async def story(table):
        clock = Clock()
        one, other = gates(table, clock), gates(table, clock)
        await one.refused("reporting", NOON, timedelta(days=30))
        clock.now += BETWEEN_READS
        shut = [(await mine.acquire("reporting", POLL)).wait_until for mine in (one, other)]
        row = {"PartitionKey": "gate", "RowKey": "reporting"}
        await (table._table.delete_entity(row) if edit == "deleted" else table._table.update_entity(row | edit))
        clock.now += 2 * BETWEEN_READS
        for mine in (one, other):
            await mine.acquire("reporting", POLL)
        clock.now += BETWEEN_READS
        return shut, [(await mine.acquire("reporting", POLL)).wait_until for mine in (one, other)]

    shut, lifted = on_a_table(azurite, name, story)

    assert shut == [NOON + timedelta(days=30)] * 2
    assert lifted == [None, None]


def test_a_watch_that_comes_alone_sees_at_once_that_its_gate_is_lifted(azurite, name):
    """Whatever its process would have read next: it looks again only after a quarter of an hour or more."""

    async def story(table):
        clock, waits = Clock(), []
        mine = gates(table, clock, watches=1)
        for looks in range(4):
            await mine.refused("reporting", clock.now, timedelta(days=1))
            for _ in range(looks):
                clock.now += LOOKS_AGAIN
                waits.append((await mine.acquire("reporting", POLL)).wait_until is not None)
            await table._table.delete_entity({"PartitionKey": "gate", "RowKey": "reporting"})
            clock.now += LOOKS_AGAIN
            waits.append((await mine.acquire("reporting", POLL)).wait_until is not None)
        return waits

    held, lifted = True, False
    assert on_a_table(azurite, name, story) == [
        *(lifted,),
        *(held, lifted),
        *(held, held, lifted),
        *(held, held, held, lifted),
    ]


def test_a_change_of_a_gate_is_one_line_in_each_process_and_a_turn_is_none(azurite, name, caplog):
    async def story(table):
        clock = Clock()
        one, other = gates(table, clock), gates(table, clock)

        async def turns():
            for _ in range(20):
                clock.now += BETWEEN_READS / 2
                await asyncio.gather(*(mine.acquire("reporting", POLL) for mine in (one, other) for _ in range(10)))

        await turns()
        asked_at = clock.now
        for _ in range(50):  # all that was under way
            clock.now += seconds(0.01)
            await one.refused("reporting", asked_at, timedelta(days=1))
        await turns()
        await table._table.delete_entity({"PartitionKey": "gate", "RowKey": "reporting"})
        await turns()

    on_a_table(azurite, name, story)

    assert [line.split(" until")[0].split(":")[0] for line in caplog.messages] == [
        "gate.shut api=reporting",
        "gate.read api=reporting",
        "gate.lifted api=reporting",
        "gate.lifted api=reporting",
    ]


def test_a_shorter_wait_that_is_written_later_does_not_open_the_gate_for_others(azurite, name):
    async def story(table):
        clock = Clock()
        one, other, third = (gates(table, clock) for _ in range(3))
        await one.refused("reporting", NOON, seconds(60))
        await other.refused("reporting", NOON, seconds(5))  # it has not read what the first has written
        clock.now += BETWEEN_READS
        return await third.acquire("reporting", POLL)

    assert on_a_table(azurite, name, story).wait_until == NOON + seconds(60)


@pytest.mark.parametrize(
    "edited",
    [
        {"OpensAt": "soon"},
        {"OpensAt": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)},
        {"PerMinute": "many"},
        {"PerMinute": 0},
        {"PerMinute": 1e-300},
        {"PerMinute": 1e300},
        {"Limit": -1.0},
        {"WindowSeconds": 1e18},
        {"Strays": -1},
        {"OpensAt": EntityProperty("soon", EdmType.DATETIME)},
    ],
)
def test_a_row_that_somebody_has_edited_is_no_gate(azurite, name, edited):
    async def story(table):
        row = {"PartitionKey": "gate", "OpensAt": NOON + seconds(60), "PerMinute": 5.0}
        await table.upsert_entity(row | {"RowKey": "reporting"} | edited)
        await table.upsert_entity(row | {"RowKey": "schedules"})
        mine = gates(table, Clock())
        waits = [(await mine.acquire(api, POLL)).wait_until for api in ("reporting", "schedules")]
        await mine.admit()
        return waits, [(row.key, row.columns) for row in await GateTable(table).unreadable()]

    waits, unreadable = on_a_table(azurite, name, story)

    garbled = any(isinstance(value, EntityProperty) for value in edited.values())
    assert waits == [None, NOON + seconds(60)]
    assert unreadable == [("reporting", (A_VALUE,) if garbled else tuple(edited))]


def test_a_row_in_another_partition_shuts_no_gate(azurite, name):
    async def story(table):
        row = {"RowKey": "reporting", "OpensAt": NOON + seconds(60)}
        await table.upsert_entity(row | {"PartitionKey": "zz"})
        return await GateTable(table).read()

    assert on_a_table(azurite, name, story) == {}


def test_sleeping_watches_are_counted(azurite):
    async def story():
        async with QueueClient.from_connection_string(azurite, f"tickets-{uuid.uuid4().hex}") as queue:
            await queue.create_queue()
            tickets = TicketQueue(queue, lambda: datetime.now(UTC))
            for number in range(3):
                await tickets.send(Ticket(str(number), 0), timedelta(days=number))
            return await tickets.count()

    assert asyncio.run(story()) == 3


def test_the_table_is_made_once_though_many_need_it(azurite, name):
    async def story(table):
        apis = ("reporting", "schedules")
        await asyncio.gather(*(gates(table, Clock()).refused(api, NOON, seconds(5)) for api in apis))
        return table.writes

    on_a_table(azurite, name, story, made=False)

    async def names():
        async with TableServiceClient.from_connection_string(azurite) as tables:
            return [table.name async for table in tables.list_tables() if table.name == name]

    assert asyncio.run(names()) == [name]
