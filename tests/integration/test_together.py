"""Rows that are written together, on a table."""

import asyncio
from uuid import uuid4

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceRequestError
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables.aio import TableClient

from shared.storage.together import LARGEST_TRANSACTION, SMALLEST_TRANSACTION, Together


class Recording(AioHttpTransport):  # type: ignore[misc]  # of no type
    """Keeps what is asked; fails while it is told to."""

    def __init__(self):
        super().__init__()
        self.asked: list[str] = []
        self.fails = False
        self.sends = asyncio.Event()

    async def send(self, request, **options):
        self.asked.append(f"{request.method} {request.url.rpartition('/')[2].partition('(')[0]}")
        self.sends.set()
        if self.fails:
            raise ServiceRequestError("no route")
        return await super().send(request, **options)


def on_a_table(azurite, scenario, *, made=True):
    async def within():
        transport, name = Recording(), f"Rows{uuid4().hex}"
        async with TableClient.from_connection_string(azurite, name, transport=transport, retry_total=0) as table:
            if made:
                await table.create_table()
            transport.asked.clear()
            transport.sends.clear()
            found = await scenario(Together(table), transport, table)
            transport.fails = False
            try:
                keys = {row["RowKey"]: row.get("Value") async for row in table.list_entities()}
            except ResourceNotFoundError:
                keys = {}
            return found, keys

    return asyncio.run(within())


def row(key, value=""):
    return {"PartitionKey": "p", "RowKey": str(key), "Value": value}


async def outcomes(*puts):
    return [type(result) for result in await asyncio.gather(*puts, return_exceptions=True)]


NONE = type(None)

#: How many rows come with those of a test: few are written alone, many together.
also = pytest.mark.parametrize("others", [range(0), range(SMALLEST_TRANSACTION)], ids=["few", "many"])


def test_a_row_alone_takes_a_request_of_its_own(azurite):
    async def scenario(together, transport, _):
        await together.put(row("a"))
        await together.put(row("b"))
        return [asked.split()[0] for asked in transport.asked]

    assert on_a_table(azurite, scenario) == (["PUT", "PUT"], {"a": "", "b": ""})


def test_few_rows_are_written_alone_and_at_once(azurite):
    few = SMALLEST_TRANSACTION - 1

    async def scenario(together, transport, _):
        return await outcomes(*(together.put(row(number)) for number in range(few))), [*transport.asked]

    (results, asked), keys = on_a_table(azurite, scenario)

    assert [method.split()[0] for method in asked] == ["PUT"] * few
    assert (set(results), len(keys)) == ({NONE}, few)


def test_rows_that_come_at_once_share_transactions(azurite):
    many = LARGEST_TRANSACTION + 20

    async def scenario(together, transport, _):
        results = await outcomes(*(together.put(row(number)) for number in range(many)))
        return results, [*transport.asked]

    (results, asked), keys = on_a_table(azurite, scenario)

    assert asked == ["POST $batch"] * 2
    assert set(results) == {NONE}
    assert keys.keys() == {str(number) for number in range(many)}


def test_what_comes_while_others_are_written_shares_the_next(azurite):
    async def scenario(together, transport, _):
        first = asyncio.create_task(together.put(row("first")))
        await transport.sends.wait()
        return await outcomes(first, *(together.put(row(number)) for number in range(9))), len(transport.asked)

    (results, requests), keys = on_a_table(azurite, scenario)

    assert (set(results), requests, len(keys)) == ({NONE}, 2, 10)


@also
def test_one_row_twice_is_written_once(azurite, others):
    async def scenario(together, *_):
        mine = together.put(row("a", "old")), together.put(row("a", "new"))
        return await outcomes(*mine, *(together.put(row(number)) for number in others))

    results, keys = on_a_table(azurite, scenario)

    assert set(results) == {NONE}
    assert keys == {"a": "new", **{str(number): "" for number in others}}


@also
def test_a_row_that_cannot_be_written_fails_alone(azurite, others):
    async def scenario(together, *_):
        wrong = together.put(row("b", "x" * 70_000))
        return await outcomes(wrong, together.put(row("a")), *(together.put(row(number)) for number in others))

    (wrong, *results), keys = on_a_table(azurite, scenario)

    assert issubclass(wrong, HttpResponseError)
    assert set(results) == {NONE}
    assert keys.keys() == {"a", *map(str, others)}


@also
def test_a_row_that_no_request_can_hold_fails_alone(azurite, others):
    """The SDK raises before it sends anything."""

    async def scenario(together, *_):
        wrong = together.put(row("b", object()))
        return await outcomes(wrong, together.put(row("a")), *(together.put(row(number)) for number in others))

    (wrong, *results), keys = on_a_table(azurite, scenario)

    assert wrong is TypeError
    assert set(results) == {NONE}
    assert keys.keys() == {"a", *map(str, others)}


@also
def test_a_missing_table_is_made(azurite, others):
    async def scenario(together, *_):
        return await outcomes(together.put(row("a")), *(together.put(row(number)) for number in others))

    results, keys = on_a_table(azurite, scenario, made=False)

    assert (set(results), keys.keys()) == ({NONE}, {"a", *map(str, others)})


@also
def test_an_outage_reaches_everyone_and_the_next_rows_are_written(azurite, others):
    async def scenario(together, transport, _):
        transport.fails = True
        failed = await outcomes(together.put(row("a")), *(together.put(row(number)) for number in others))
        transport.fails = False
        return failed, await outcomes(together.put(row("b")))

    (failed, later), keys = on_a_table(azurite, scenario)

    assert set(failed) == {ServiceRequestError}
    assert (later, keys) == ([NONE], {"b": ""})


@also
@pytest.mark.parametrize("cancelled", [0, 2])
def test_whoever_gives_up_keeps_no_other_from_its_row(azurite, others, cancelled):
    async def scenario(together, transport, _):
        tasks = [asyncio.create_task(together.put(row(key))) for key in ("a", "b", "c", *others)]
        await transport.sends.wait()
        tasks[cancelled].cancel()
        return await outcomes(*tasks)

    results, keys = on_a_table(azurite, scenario)

    assert results.pop(cancelled) is asyncio.CancelledError
    assert set(results) == {NONE}
    assert keys.keys() == {"a", "b", "c", *map(str, others)}
