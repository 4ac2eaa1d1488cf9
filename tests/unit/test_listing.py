"""Pages of watches, over lists in memory."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from functions import list_watches
from shared.apis import APIS
from shared.core.model import End, Outcome
from shared.core.newest_first import newest_first
from shared.engine import lister as listing
from shared.engine.cursor import Cursor
from shared.engine.lister import Lister, Wanted
from shared.engine.ports import Unreadable
from shared.web.problems import Problem
from shared.web.queries import ListQuery
from tests.builders import NOON, a_watch
from tests.memory import MemoryByApi, MemoryIndex, MemoryWatches

RETENTION = timedelta(days=30)

#: Those that the watches below are of.
NAMES = [*APIS][:4]


def watch(number, **more):
    began = NOON - timedelta(minutes=number)
    row = a_watch(
        id=str(UUID(int=number)),
        api=NAMES[number % len(NAMES)],
        job={"jobId": str(number)},
        labels=("even" if number % 2 == 0 else "odd",),
        started_at=began,
        deadline=began + timedelta(days=7),
        due=began,
        not_before=began,
    )
    return replace(row, **more)


def ended(number, outcome=Outcome.SUCCEEDED, **more):
    more = {"end": End(outcome, NOON - timedelta(minutes=number)), "published": True} | more
    return watch(number, **more)


class Lists:
    """A listing of these rows."""

    def __init__(self, *rows, by_earlier=()):
        """`by_earlier`: rows that an earlier version listed."""
        self.store, self.index = MemoryWatches(), MemoryIndex()
        self.earlier, self.results = MemoryByApi(), MemoryByApi()
        self.is_whole = not by_earlier
        for row in (*rows, *by_earlier):
            asyncio.run(self.store.insert(row))
            if row.end:
                self.results.record(row)
            elif row in by_earlier:
                self.earlier.add(row)
        for row in rows:
            asyncio.run(self.index.add_ended(row, row.end) if row.end else self.index.add(row))
        self.listing = Lister(
            rows=self.store,
            lists=self.index,
            results=self.results,
            earlier=self.earlier,
            is_whole=self._is_whole,
            apis=list(APIS),
            retention=RETENTION,
            now=lambda: NOON,
        )

    async def _is_whole(self):
        return self.is_whole

    @property
    def queries(self):
        """What was asked for, list by list."""
        return [*self.index.queries, *self.earlier.queries, *self.results.queries]

    def page(self, **wanted):
        return asyncio.run(self.listing.page(Wanted(**wanted)))

    def all(self, **wanted):
        """The numbers of the watches on all pages."""
        found, after, pages = [], None, 0
        while True:
            page = self.page(after=after, **wanted)
            found += [UUID(row.id).int for row in page.watches]
            pages += 1
            assert pages < 100, "it never ends"
            if page.after is None:
                return found
            after = page.after


@pytest.fixture
def lists():
    return Lists(*(watch(number) for number in range(1, 8)), *(ended(number) for number in range(11, 18)))


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 13, 14, 100])
def test_open_ones_come_first_and_each_list_has_the_newest_first(lists, limit):
    assert lists.all(limit=limit) == [*range(1, 8), *range(11, 18)]


def test_a_page_has_as_many_as_wanted_and_says_where_the_next_begins(lists):
    page = lists.page(limit=3)

    assert len(page.watches) == 3
    assert page.after == Cursor("watching", newest_first(page.watches[-1].started_at, page.watches[-1].id))
    assert lists.page(limit=14).after is None


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"state": "watching"}, [1, 2, 3, 4, 5, 6, 7]),
        ({"state": "ended"}, [11, 12, 13, 14, 15, 16, 17]),
        ({"outcome": Outcome.SUCCEEDED}, [11, 12, 13, 14, 15, 16, 17]),
        ({"outcome": Outcome.FAILED}, []),
        ({"outcome": Outcome.SUCCEEDED, "state": "watching"}, []),
        ({"label": "even"}, [2, 4, 6, 12, 14, 16]),
        ({"label": "eve"}, []),
        ({"api": NAMES[1]}, [1, 5, 13, 17]),
        ({"api": NAMES[0], "label": "odd"}, []),
    ],
)
@pytest.mark.parametrize("limit", [2, 50])
def test_filters(lists, wanted, numbers, limit):
    assert lists.all(limit=limit, **wanted) == numbers


def test_the_first_page_does_not_look_at_all_there_is():
    lists = Lists(*(ended(number) for number in range(1, 1000)))

    assert len(lists.page(limit=5).watches) == 5
    assert lists.index.given <= 5 + 2


def test_a_rare_label_is_found_in_bounded_steps(monkeypatch):
    monkeypatch.setattr(listing, "MOST_SCANNED", 100)
    lists = Lists(*(ended(number) for number in range(1, 350)), ended(350, labels=("rare",)))

    page = lists.page(label="rare")

    assert (list(page.watches), page.after is None) == ([], False)
    assert lists.index.given <= 100 + 2
    assert lists.all(label="rare") == [350]


def test_an_end_of_an_earlier_life_is_not_listed():
    """A watch that was begun again stands in the results as it ended before."""
    lists = Lists(ended(1))
    row = lists.store.rows[str(UUID(int=1))]
    asyncio.run(lists.store.commit(replace(row, end=None, published=False)))

    assert lists.all() == []


def test_an_end_whose_row_is_gone_is_not_listed():
    lists = Lists(ended(1), ended(2))
    lists.store.rows.pop(str(UUID(int=1)))

    assert lists.all() == [2]


def test_rows_that_may_be_gone_are_not_looked_for():
    lists = Lists(ended(1, end=End(Outcome.SUCCEEDED, NOON - RETENTION - timedelta(seconds=1))))

    assert lists.all() == []
    assert lists.index.given == 0


def test_a_stale_entry_is_passed_over_and_stays():
    """Reading changes nothing: `tend_watches` tidies."""
    lists = Lists()
    asyncio.run(lists.index.add(watch(1, started_at=NOON - timedelta(days=1))))

    assert lists.all() == []
    assert lists.index.rows


@pytest.mark.parametrize("state", ["watching", "ended"])
def test_a_page_of_a_list_is_one_query(lists, state):
    lists.page(state=state, limit=3)

    assert lists.queries == [state]


def test_a_page_of_one_api_is_one_query_of_each_list(lists):
    api = NAMES[1]

    assert lists.all(api=api) == [1, 5, 13, 17]
    assert lists.queries == ["watching", api]


SOME = [watch(number) for number in range(1, 8)], [ended(number) for number in range(11, 18)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 14])
@pytest.mark.parametrize("listed_twice", [(), (1, 2, 5, 11, 16), range(20)])
def test_what_an_earlier_version_listed_is_listed_once_and_in_its_place(limit, listed_twice):
    rows = [*SOME[0], *SOME[1]]
    lists = Lists(*rows[::3], by_earlier=[row for row in rows if row not in rows[::3]])
    for row in rows:
        if UUID(row.id).int in listed_twice:
            asyncio.run(lists.index.add_ended(row, row.end) if row.end else lists.index.add(row))

    assert lists.all(limit=limit) == [*range(1, 8), *range(11, 18)]
    assert lists.all(limit=limit, api=NAMES[1]) == [1, 5, 13, 17]
    assert lists.all(limit=limit, label="even") == [2, 4, 6, 12, 14, 16]


def test_a_cursor_goes_on_where_it_was_while_the_lists_become_whole():
    lists = Lists(by_earlier=[*SOME[0], *SOME[1]])
    first = lists.page(limit=9)
    for row in (*SOME[0], *SOME[1]):
        asyncio.run(lists.index.add_ended(row, row.end) if row.end else lists.index.add(row))
    lists.is_whole = True
    second = lists.page(limit=9, after=first.after)

    assert [UUID(row.id).int for row in (*first.watches, *second.watches)] == [*range(1, 8), *range(11, 18)]
    assert second.after is None


def test_a_page_of_failing_ones_reads_what_an_earlier_version_listed():
    lists = Lists(watch(1, failing="401"), by_earlier=[watch(2), watch(3, failing="5xx")])

    assert lists.all(failing=True, limit=1) == [1, 3]


def test_no_api_is_called_as_a_list_is():
    """The lists, the mark, and those by API are partitions of one table."""
    assert not {"watching", "ended", "upgrade"} & {*APIS}


def test_what_has_ended_and_is_not_yet_published_keeps_its_entry():
    lists = Lists(ended(1, published=False, started_at=NOON - timedelta(days=1)))
    asyncio.run(lists.index.add(lists.store.rows[str(UUID(int=1))]))

    assert lists.all(state="watching") == []
    assert lists.index.rows


def test_failing_ones_are_found_in_bounded_steps(monkeypatch):
    monkeypatch.setattr(listing, "MOST_LOOKED_UP", 4)
    failing = {3, 10}
    lists = Lists(*(watch(number, failing="401" if number in failing else "") for number in range(12)), ended(13))

    page = lists.page(failing=True, limit=2)

    assert ([UUID(row.id).int for row in page.watches], page.after is None) == ([3], False)
    assert lists.all(failing=True, limit=2) == [3, 10]
    assert lists.all(failing=True, outcome=Outcome.SUCCEEDED, limit=2) == []
    assert lists.all(failing=True, state="ended", limit=2) == []


def test_a_page_of_failing_ones_has_as_many_as_wanted():
    lists = Lists(*(watch(number, failing="5xx" if number % 2 else "") for number in range(12)))

    assert [UUID(row.id).int for row in lists.page(failing=True, limit=3).watches] == [1, 3, 5]
    assert lists.all(failing=True, limit=3) == [1, 3, 5, 7, 9, 11]


def test_a_row_that_cannot_be_read_is_passed_over(monkeypatch, caplog):
    lists = Lists(watch(1), watch(2), ended(3))
    load, spoilt = lists.store.load, {watch(2).id, ended(3).id}

    async def loads(key):
        if key in spoilt:
            raise Unreadable("Watches", key, ["Due"])
        return await load(key)

    monkeypatch.setattr(lists.store, "load", loads)

    assert lists.all() == [1]
    assert caplog.text.count("row.unreadable") == 2


def test_watches_are_found_by_how_their_ids_begin_and_no_list_is_read():
    lists = Lists(watch(0x10), ended(0x11), watch(0x20))
    digits = str(UUID(int=0x10))[:-1]

    found = [asyncio.run(lists.listing.beginning(digits, most)) for most in (1, 2, 100)]

    assert [[UUID(row.id).int for row in rows] for rows in found] == [[0x10], [0x10, 0x11], [0x10, 0x11]]
    assert not lists.queries


def test_that_a_named_watch_cannot_be_read_is_no_reason_to_say_that_there_is_none():
    class Spoilt(MemoryWatches):
        async def beginning(self, digits):
            yield Unreadable("Watches", digits, ["Due"])

    listing = replace(Lists().listing, rows=Spoilt())

    with pytest.raises(Unreadable, match="Due"):
        asyncio.run(listing.beginning("0d6c", 100))


@pytest.mark.parametrize(("count", "refused"), [(100, False), (101, True)])
def test_more_watches_than_a_page_holds_must_be_named_more_exactly(monkeypatch, count, refused):
    lists = Lists(*(watch(number) for number in range(count)))
    monkeypatch.setattr(list_watches, "lister", lambda: lists.listing)
    monkeypatch.setattr(list_watches, "settings", lambda: SimpleNamespace(api_url="https://api.bentley.com"))
    page = list_watches._page(ListQuery.read("https://app.example/api/watches?id=0000"))

    if refused:
        with pytest.raises(Problem, match="More than 100 ids begin with 0000: send more of the id"):
            asyncio.run(page)
    else:
        assert len(asyncio.run(page).watches) == count
