"""Which entries of the index of open watches are stale, and when that is looked at."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from azure.core.exceptions import ServiceRequestError

from shared.apis import APIS
from shared.core.model import End, Outcome
from shared.engine.tidier import AT_ONCE, FIRST_LOOK, ORPHANED_AFTER, Tidier
from tests.builders import NOON
from tests.memory import MemoryIndex, MemoryWatches
from tests.unit.test_listing import watch

JUST = timedelta(microseconds=1)
OLD = watch(1, started_at=NOON - ORPHANED_AFTER - JUST)
ENDED = replace(OLD, end=End(Outcome.SUCCEEDED, NOON))


class Index(MemoryIndex):
    """An index, its watches, and what tidies it."""

    def __init__(self):
        super().__init__()
        self.store, self.now, self.loads = MemoryWatches(), NOON, 0
        self.tidier = Tidier(self, self._load, list(APIS), lambda: self.now)

    async def _load(self, watch_id):
        self.loads += 1
        return await self.store.load(watch_id)

    def left_of(self, *entries, rows=()):
        """How many of these entries are left after a round, when there are these rows."""

        async def scenario():
            for entry in entries:
                await self.add(entry)
            for row in rows:
                await self.store.insert(row)
            await self.tidier.round()

        asyncio.run(scenario())
        return len(self.rows)


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ((), 0),  # its start died in between
        ((OLD,), 1),
        ((ENDED,), 1),  # the end is not yet recorded, and the list must show it somewhere
        ((replace(ENDED, published=True),), 0),
        ((replace(OLD, started_at=NOON - timedelta(minutes=1)),), 0),  # begun again, with an entry of its own
    ],
)
def test_an_entry_stays_while_its_watch_is_open(rows, left):
    assert Index().left_of(OLD, rows=rows) == left


@pytest.mark.parametrize(
    ("age", "left"),
    [(ORPHANED_AFTER - JUST, 1), (ORPHANED_AFTER, 0), (ORPHANED_AFTER + FIRST_LOOK - JUST, 0)],
)
def test_an_entry_is_looked_at_once_no_start_can_be_under_way(age, left):
    assert Index().left_of(watch(1, started_at=NOON - age)) == left


def test_each_is_looked_at_once():
    index = Index()
    index.left_of(OLD, rows=(OLD,))
    index.now += timedelta(minutes=5)

    assert index.left_of(watch(2, started_at=OLD.started_at + timedelta(minutes=2))) == 1
    assert index.loads == 2


def test_a_round_that_was_broken_off_is_made_up_for():
    index = Index()

    async def fails(_):
        raise ServiceRequestError("storage is away")

    loads, index.tidier.load = index.tidier.load, fails
    with pytest.raises(ServiceRequestError):
        index.left_of(OLD)
    index.tidier.load = loads
    index.now += timedelta(hours=3)

    assert index.left_of() == 0


def test_many_are_all_looked_at():
    entries = [
        watch(number, started_at=OLD.started_at - timedelta(seconds=number)) for number in range(2 * AT_ONCE + 1)
    ]

    assert Index().left_of(*entries, rows=entries[::2]) == AT_ONCE + 1
