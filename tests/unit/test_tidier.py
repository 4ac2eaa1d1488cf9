"""Which entries of the lists are stale, which are missing, and which come from an earlier version."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.apis import APIS
from shared.core.model import End, Outcome
from shared.core.newest_first import newest_first
from shared.engine import tidier
from shared.engine.ports import Unreadable
from shared.engine.tidier import AT_ONCE, ORPHANED_AFTER, Tidier
from tests.builders import NOON
from tests.memory import MemoryByApi, MemoryIndex, MemoryWatches
from tests.unit.test_listing import RETENTION, watch

JUST = timedelta(microseconds=1)
OLD = watch(1, started_at=NOON - ORPHANED_AFTER - JUST)
ENDED = replace(OLD, end=End(Outcome.SUCCEEDED, NOON))


class Index(MemoryIndex):
    """An index, its watches, and what tidies it."""

    def __init__(self):
        super().__init__()
        self.store, self.now, self.loads = MemoryWatches(), NOON, 0
        self.open, self.spoilt = None, set()
        self.earlier, self.whole = MemoryByApi(), False
        self.tidier = Tidier(
            index=self,
            earlier=self.earlier,
            is_whole=self._is_whole,
            load=self._load,
            apis=list(APIS),
            retention=RETENTION,
            now=lambda: self.now,
        )

    async def _is_whole(self):
        return self.whole

    async def _load(self, watch_id):
        self.loads += 1
        if watch_id in self.spoilt:
            raise Unreadable("Watches", watch_id, ["Due"])
        return await self.store.load(watch_id)

    def left_of(self, *entries, rows=()):
        """How many of these entries are left after a round, when there are these rows."""

        async def scenario():
            for entry in entries:
                await (self.add_ended(entry, entry.end) if entry.published else self.add(entry))
            for row in rows:
                await self.store.insert(row)
            found = (await self.store.census(self.now, self.now)).open
            await self.tidier.round(found if self.open is None else self.open)

        asyncio.run(scenario())
        return len(self.rows)

    def listed(self):
        async def scenario():
            return [entry async for entry in self.entries("watching", None, "", "~", 1)]

        return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ((), 0),  # its start died in between
        ((OLD,), 1),
        ((ENDED,), 1),  # the end is not yet recorded, and the list must show it somewhere
        ((replace(ENDED, published=True),), 0),
    ],
)
def test_an_entry_stays_while_its_watch_is_open(rows, left):
    assert Index().left_of(OLD, rows=rows) == left


@pytest.mark.parametrize(("age", "left"), [(ORPHANED_AFTER - JUST, 1), (ORPHANED_AFTER, 0), (timedelta(days=300), 0)])
def test_an_entry_is_looked_up_once_no_start_can_be_under_way(age, left):
    assert Index().left_of(watch(1, started_at=NOON - age)) == left


def test_an_entry_of_an_open_watch_costs_no_look():
    index = Index()

    assert index.left_of(OLD, rows=(OLD,)) == 1
    assert index.loads == 0


@pytest.mark.parametrize(("row", "left"), [(OLD, 1), (ENDED, 0)])
def test_an_entry_that_is_missing_comes_back_while_its_watch_is_open(row, left):
    index = Index()
    index.open = [OLD]

    assert index.left_of(rows=(row,)) == left
    assert [entry.watch_id for entry in index.listed()] == [OLD.id][:left]


def test_a_watch_that_was_begun_again_has_the_entry_of_its_new_beginning():
    index, again = Index(), replace(OLD, started_at=NOON - timedelta(minutes=1))

    index.left_of(OLD, rows=(again,))

    assert [entry.key for entry in index.listed()] == [newest_first(again.started_at, again.id)]


@pytest.mark.parametrize("missing", [False, True])
def test_a_row_that_cannot_be_read_keeps_its_entry_and_harms_no_other(missing):
    index, other = Index(), watch(2, started_at=OLD.started_at)
    index.spoilt = {OLD.id}
    index.open = [OLD, other] if missing else []

    assert index.left_of(*([] if missing else [OLD, other]), rows=[other] if missing else []) == 1


def test_many_are_all_looked_at():
    entries = [
        watch(number, started_at=OLD.started_at - timedelta(seconds=number)) for number in range(2 * AT_ONCE + 1)
    ]

    assert Index().left_of(*entries, rows=entries[::2]) == AT_ONCE + 1


@pytest.mark.parametrize("whole", [False, True])
def test_what_an_earlier_version_listed_is_copied_without_a_look(whole):
    """Not moved: an instance of that version may be running, and lists what it has."""
    index = Index()
    index.whole = whole
    index.earlier.add(OLD)

    assert index.left_of(rows=(OLD,)) == 1
    assert index.listed() == [*index.earlier.rows.values()]
    assert index.loads == 0


@pytest.mark.parametrize(("whole", "left"), [(False, 1), (True, 0)])
def test_a_copied_entry_goes_once_no_earlier_version_runs(whole, left):
    index = Index()
    index.whole = whole
    index.earlier.add(OLD)

    assert index.left_of(OLD, rows=(OLD,)) == 1
    assert len(index.earlier.rows) == left


@pytest.mark.parametrize(
    ("rows", "left"),
    [((), 0), ((ENDED,), 1), ((replace(ENDED, published=True),), 0), ((replace(OLD, started_at=NOON),), 0)],
)
def test_an_entry_of_an_earlier_version_goes_once_its_watch_has_ended(rows, left):
    index = Index()
    index.earlier.add(OLD)
    index.left_of(rows=rows)

    assert len(index.earlier.rows) == left


def test_a_start_of_an_earlier_version_may_be_under_way():
    index = Index()
    index.whole = True
    index.earlier.add(watch(1, started_at=NOON))

    assert index.left_of() == 0
    assert len(index.earlier.rows) == 1


def test_an_ended_watch_goes_off_the_list_once_its_row_may_be_gone():
    kept, gone = (
        replace(watch(number), end=End(Outcome.SUCCEEDED, at), published=True)
        for number, at in ((1, NOON - RETENTION + JUST), (2, NOON - RETENTION - JUST))
    )
    index = Index()

    assert index.left_of(kept, gone) == 1
    assert [entry.watch_id for entry in index.rows.values()] == [kept.id]


def test_many_ended_ones_go_in_bounded_rounds(monkeypatch):
    monkeypatch.setattr(tidier, "MOST_EXPIRED", 2)
    at = NOON - RETENTION - JUST
    gone = [replace(watch(number), end=End(Outcome.SUCCEEDED, at), published=True) for number in range(5)]
    index = Index()

    assert [index.left_of(*gone), index.left_of(), index.left_of()] == [3, 1, 0]
