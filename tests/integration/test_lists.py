"""Lists on tables: what a page costs, and how what an earlier version listed comes into them."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID, uuid4

import pytest
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables.aio import TableClient

from shared.apis import APIS
from shared.core.model import End, Outcome
from shared.core.newest_first import newest_first
from shared.engine import upgrade
from shared.engine.effects import Effects
from shared.engine.lister import Lister, Wanted
from shared.engine.tidier import ORPHANED_AFTER, Tidier
from shared.engine.upgrade import LastMark, Upgrade
from shared.storage.lists import EarlierIndex, TableByApi, TableIndex
from shared.storage.results import TableResults
from shared.storage.watches import TableWatches
from tests.builders import NOON, a_watch
from tests.memory import MemoryRows
from tests.ports import ignore

#: Those that the watches are of.
SOME = list(APIS.values())[:4]

RETENTION = timedelta(days=30)
A_ROUND = timedelta(minutes=5)


class Counting(AioHttpTransport):  # type: ignore[misc]  # of no type, where aiohttp has its own
    """The SDK's own transport, which notes what is sent."""

    def __init__(self):
        super().__init__()
        self.sent = []

    async def send(self, request, **more):
        self.sent.append(request)
        return await super().send(request, **more)

    @property
    def queries(self):
        """Filters of the queries that were sent; the pages of one query are one."""
        asked = [parse_qs(urlsplit(request.url).query) for request in self.sent if request.method == "GET"]
        return [query["$filter"][0] for query in asked if "$filter" in query and "NextPartitionKey" not in query]


def watch(number, **more):
    api = SOME[number % len(SOME)]
    began = NOON - timedelta(minutes=number)
    row = a_watch(
        id=str(UUID(int=number)),
        api=api.name,
        job=dict.fromkeys(api.fields, str(number)),
        labels=("even" if number % 2 == 0 else "odd", 'q"uote'),
        started_at=began,
        deadline=began + timedelta(days=7),
        due=began,
        not_before=began,
    )
    return replace(row, **more)


class App:
    """The parts that make lists, on tables of their own."""

    def __init__(self, tables, transport, apis):
        self.now, self.transport = NOON, transport
        self.open_table, self.results_table, watches = tables
        self.rows, self.index = TableWatches(watches, APIS), TableIndex(self.open_table)
        self.earlier, self.results = EarlierIndex(self.open_table), TableByApi(self.results_table)
        self.apis = apis
        self.effects = Effects(
            watches=self.rows,
            callbacks=MemoryRows(),
            index=self.index,
            send=ignore,
            send_callback=ignore,
            record=TableResults(self.results_table).record,
            announce=ignore,
            body=str,
            callback_lifetime=RETENTION,
            now=self._now,
        )
        self.lister = self.new_lister()

    def _now(self):
        return self.now

    def new_lister(self):
        """As another process has it."""
        return Lister(
            rows=self.rows,
            lists=self.index,
            results=self.results,
            earlier=self.earlier,
            is_whole=LastMark(self.index.read_mark, self._now).is_whole,
            apis=self.apis,
            retention=RETENTION,
            now=self._now,
        )

    async def start(self, row):
        """Begin a watch."""
        await self.index.add(row)
        return await self.rows.insert(row)

    async def end(self, row):
        """End it."""
        await self.effects.act(await self.rows.commit(replace(row, end=End(Outcome.SUCCEEDED, row.started_at))))

    async def start_as_before(self, row):
        """Begin a watch as an earlier version does."""
        key, labels = newest_first(row.started_at, row.id), ", ".join(row.labels)
        entry = {"PartitionKey": row.api, "RowKey": key, "WatchId": row.id, "Labels": labels}
        await self.open_table.upsert_entity(entry)
        return await self.rows.insert(row)

    async def end_as_before(self, row):
        """End a watch as an earlier version does."""
        end = End(Outcome.SUCCEEDED, row.started_at)
        await TableResults(self.results_table).record(row, end)
        await self.open_table.delete_entity(row.api, newest_first(row.started_at, row.id))
        await self.rows.commit(replace(row, end=end, published=True))

    async def round(self):
        """What the timer does of lists, five minutes later."""
        self.now += A_ROUND
        census = await self.rows.census(self.now, self.now)
        mark = LastMark(self.index.read_mark, self._now)
        await Tidier(self.index, self.earlier, mark.is_whole, self.rows.load, self.apis, RETENTION, self._now).round(
            census.open
        )
        await Upgrade(self.index, self.results, self.apis, RETENTION, self._now).round()

    async def becomes_whole(self):
        for _ in range(4):
            await self.round()

    async def all(self, **wanted):
        """The numbers of the watches on all pages."""
        found, page = [], await self.lister.page(Wanted(**wanted))
        while page.after is not None:
            found += page.watches
            page = await self.lister.page(Wanted(after=page.after, **wanted))
        return [UUID(row.id).int for row in (*found, *page.watches)]

    async def queries(self, **wanted):
        """How many queries a page takes of each table."""
        self.transport.sent.clear()
        await self.lister.page(Wanted(**wanted))
        return Counter(
            unquote(urlsplit(request.url).path).rpartition("/")[2].rstrip("()")
            for request in self.transport.sent
            if "$filter" in parse_qs(urlsplit(request.url).query)
        )

    async def partitions(self):
        return Counter([row["PartitionKey"] async for row in self.open_table.list_entities()])


def on_tables(azurite, scenario, apis=tuple(APIS)):
    async def within():
        unique, transport = uuid4().hex, Counting()
        async with AsyncExitStack() as stack:
            tables = []
            for name in ("Open", "Results", "Watches"):
                table = TableClient.from_connection_string(azurite, f"{name}{unique}", transport=transport)
                tables.append(await stack.enter_async_context(table))
                await table.create_table()
            return await scenario(App(tables, transport, apis))

    return asyncio.run(within())


async def mixed(app):
    """Open watches and ended ones, of this version and of an earlier one."""
    for number in range(24):
        row = watch(number)
        row = await (app.start(row) if number % 3 else app.start_as_before(row))
        if number >= 12:
            await (app.end(row) if number % 2 else app.end_as_before(row))


MORE_APIS = (*APIS, *(f"another-{number}" for number in range(30)))


@pytest.mark.parametrize(
    ("wanted", "lists"),
    [
        ({}, 2),
        ({"limit": 12}, 1),
        ({"state": "watching"}, 1),
        ({"state": "ended"}, 1),
        ({"outcome": Outcome.SUCCEEDED}, 1),
        ({"label": "odd"}, 2),
        ({"failing": True}, 1),
        ({"api": "schedules"}, 2),
        ({"api": "schedules", "state": "ended"}, 1),
    ],
)
def test_a_page_takes_one_query_of_each_list_however_many_apis_there_are(azurite, wanted, lists):
    async def scenario(app):
        await mixed(app)
        await app.becomes_whole()
        await app.lister.page(Wanted())  # which reads the mark
        return sum((await app.queries(**wanted)).values()), len(app.transport.queries)

    few, many = (on_tables(azurite, scenario, apis) for apis in (tuple(APIS), MORE_APIS))

    assert few == many == (lists, lists)


@pytest.mark.parametrize("rounds", range(6))
def test_nothing_is_missing_or_twice_at_any_time_of_an_upgrade(azurite, monkeypatch, rounds):
    monkeypatch.setattr(upgrade, "AT_ONCE", 2)
    monkeypatch.setattr(upgrade, "MOST", 4)

    async def scenario(app):
        await mixed(app)
        for _ in range(rounds):
            await app.round()
        every = await app.all(limit=5)
        odd = await app.all(limit=5, label="odd")
        schedules = await app.all(limit=5, api="schedules")
        return every, odd, schedules

    of_schedules = [number for number in range(24) if watch(number).api == "schedules"]
    assert on_tables(azurite, scenario) == ([*range(24)], [*range(1, 24, 2)], of_schedules)


def test_what_an_earlier_version_listed_is_upgraded_in_place(azurite):
    async def scenario(app):
        await mixed(app)
        before = await app.partitions()
        await app.becomes_whole()
        app.now += ORPHANED_AFTER  # by then entries are looked up that each version has left in the other's list
        await app.becomes_whole()
        await app.round()
        return before, await app.partitions(), [row async for row in app.results_table.list_entities()]

    before, after, results = on_tables(azurite, scenario)

    assert {*before} & {*APIS}
    assert after == {"watching": 12, "ended": 12, "upgrade": 1}
    assert len(results) == 12
    assert {row["PartitionKey"] for row in results} == {api.name for api in SOME}


def test_an_instance_of_an_earlier_version_may_run_beside(azurite):
    """It starts and ends watches after this version has brought over all, and they are listed at once."""

    async def scenario(app):
        old, new = await app.start_as_before(watch(9)), await app.start(watch(8))
        await app.round()
        await app.end_as_before(old)
        listed = [await app.all()]
        await app.start_as_before(watch(1))
        listed.append(await app.all())
        await app.end_as_before(new)
        listed.append(await app.all())
        await app.becomes_whole()
        return listed, await app.all(), await app.partitions()

    listed, at_last, partitions = on_tables(azurite, scenario)

    assert listed == [[8, 9], [1, 8, 9], [1, 8, 9]]
    assert at_last == [1, 8, 9]
    assert partitions["ended"] == 2


def test_who_goes_back_to_an_earlier_version_and_returns_misses_nothing(azurite):
    async def scenario(app):
        rows = [await app.start(watch(number)) for number in range(4)]
        await app.becomes_whole()
        await app.all()
        await app.end_as_before(rows[2])
        await app.end_as_before(await app.start_as_before(watch(5)))
        await app.start_as_before(watch(6))
        app.now += timedelta(hours=5)
        app.lister = app.new_lister()
        before = await app.all()
        await app.becomes_whole()
        return before, await app.all(), await app.queries(), await app.partitions()

    before, after, queries, partitions = on_tables(azurite, scenario)

    assert before == after == [0, 1, 3, 6, 2, 5]
    assert sum(queries.values()) == 2
    assert partitions["ended"] == 2


def test_the_row_of_an_ended_watch_and_its_entry_go_together(azurite):
    async def scenario(app):
        await app.end(await app.start(watch(1)))
        await app.round()
        app.now += RETENTION
        await app.round()
        return await app.partitions()

    assert on_tables(azurite, scenario) == {"upgrade": 1}
