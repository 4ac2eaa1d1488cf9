"""How the ends that an earlier version recorded come into the list of all, and when that is whole."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.apis import APIS
from shared.core.model import End, Outcome
from shared.engine import upgrade
from shared.engine.mark import GRACE, Mark
from shared.engine.upgrade import LATE, LastMark, Upgrade
from tests.builders import NOON
from tests.memory import MemoryByApi, MemoryIndex
from tests.unit.test_listing import RETENTION, ended

A_ROUND = timedelta(minutes=5)
A_MINUTE = timedelta(minutes=1)


class Died(Exception):  # noqa: N818 -- it is no error
    """The process is killed here."""


class Deployment(MemoryIndex):
    """An app with results, and the round of its timer."""

    def __init__(self, *recorded):
        super().__init__()
        self.now, self.results, self.lives = NOON, MemoryByApi(), None
        for watch in recorded:
            self.results.record(watch)
        self.upgrade = Upgrade(self, self.results, list(APIS), RETENTION, lambda: self.now)

    async def add_all(self, state, entries):
        await super().add_all(state, entries[:2])
        self._write()
        await super().add_all(state, entries[2:])

    async def write_mark(self, mark):
        self._write()
        await super().write_mark(mark)

    def _write(self):
        if self.lives is not None:
            self.lives -= 1
            if self.lives < 0:
                raise Died

    def round(self):
        asyncio.run(self.upgrade.round())

    def rounds(self, count):
        for _ in range(count):
            self.now += A_ROUND
            self.round()

    @property
    def listed(self):
        return [key for state, key in sorted(self.rows) if state == "ended"]

    @property
    def recorded(self):
        return sorted(key for _, key in self.results.rows)

    @property
    def is_whole(self):
        return self.mark is not None and self.mark.is_whole(self.now)


def just_ended(number, at):
    return ended(number, end=End(Outcome.FAILED, at))


SOME = [ended(number) for number in range(50)]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """As if there were many results."""
    monkeypatch.setattr(upgrade, "AT_ONCE", 4)
    monkeypatch.setattr(upgrade, "MOST", 12)


def test_every_result_is_listed_as_it_is_recorded_in_bounded_rounds():
    app = Deployment(*SOME)
    counts = []
    for _ in range(5):
        app.round()
        counts.append(len(app.listed))

    assert counts == [12, 24, 36, 48, 50]
    assert app.listed == app.recorded
    assert sorted(app.results.rows.values(), key=lambda entry: entry.key) == [
        entry for _, entry in sorted(app.rows.items())
    ]


@pytest.mark.parametrize("lives", range(20))
def test_a_round_may_die_anywhere_and_the_next_go_on(lives):
    app = Deployment(*SOME)
    app.lives = lives
    try:
        for _ in range(5):
            app.round()
    except Died:
        assert not app.is_whole
    app.lives = None
    for _ in range(5):
        app.round()

    assert app.listed == app.recorded


def test_what_may_be_gone_is_not_listed():
    app = Deployment(ended(1), ended(RETENTION // A_MINUTE + 1))
    app.round()

    assert len(app.listed) == 1


def test_what_is_listed_is_not_written_again():
    app = Deployment(*SOME[:10])
    app.round()
    app.now += A_ROUND
    app.lives = 10 // upgrade.AT_ONCE + 1  # the mark alone, after each group and at the end

    app.round()


def test_a_round_looks_at_the_latest_results_alone():
    app = Deployment(ended(0), ended((LATE + A_ROUND) // A_MINUTE + 1))
    app.round()
    app.results.given = 0
    app.rounds(1)

    assert app.results.given == 1


def test_an_end_is_listed_that_is_recorded_late():
    app = Deployment()
    app.round()
    app.results.record(ended(LATE // A_MINUTE - 1))
    app.rounds(1)

    assert app.listed == app.recorded


def test_an_end_is_listed_that_comes_while_a_long_way_is_under_way():
    """The way begins at the newest, and has passed the place of this one."""
    app = Deployment(*map(ended, range(200)))
    app.round()
    app.results.record(just_ended(999, app.now + A_MINUTE))
    app.rounds(LATE // A_ROUND + 10)

    assert app.listed == app.recorded


def test_the_list_is_whole_once_no_instance_of_an_earlier_version_can_run():
    app = Deployment(*SOME[:5])
    whole = []
    app.round()
    for _ in range(4):
        whole.append(app.is_whole)
        app.rounds(1)

    assert whole == [False, False, False, True]
    assert app.is_whole


def test_the_list_is_not_whole_before_the_last_result_is_listed():
    app = Deployment(*SOME)
    app.round()
    for _ in range(20):
        if app.is_whole:
            assert app.listed == app.recorded
        app.rounds(1)

    assert app.is_whole


def test_an_instance_of_an_earlier_version_may_record_meanwhile():
    """Whatever it records while it runs is listed before the list counts as whole."""
    app = Deployment(*SOME[20:25])
    app.round()
    for minutes in range(0, 15, 5):
        app.results.record(just_ended(minutes, app.now - A_MINUTE))
        assert not app.is_whole
        app.rounds(1)

    assert app.is_whole
    assert app.listed == app.recorded


@pytest.mark.parametrize("away", [GRACE, timedelta(days=3)])
def test_who_goes_back_to_an_earlier_version_and_returns_misses_nothing(away):
    app = Deployment(*SOME[:5])
    app.round()
    app.rounds(4)
    assert app.is_whole
    app.results.record(just_ended(99, app.now + A_MINUTE))
    app.now += away

    assert not app.is_whole  # so lists are read as that version keeps them
    app.round()
    assert app.listed == app.recorded
    assert not app.is_whole  # an instance of it may still be running
    app.rounds(2)
    assert not app.is_whole
    app.rounds(1)
    assert app.is_whole


def test_two_rounds_at_once_do_no_harm():
    app = Deployment(*SOME[:11])

    async def both():
        await asyncio.gather(app.upgrade.round(), app.upgrade.round())

    asyncio.run(both())

    assert app.listed == app.recorded


def test_a_process_reads_the_mark_again_once_it_is_old():
    mark = Mark(since=NOON - GRACE, begun=NOON, until=NOON)
    reads = []
    now = NOON

    async def read():
        reads.append(now)
        return mark

    last = LastMark(read, lambda: now)

    def is_whole():
        return asyncio.run(last.is_whole())

    assert [is_whole(), is_whole(), len(reads)] == [True, True, 1]
    now += GRACE
    assert [is_whole(), is_whole(), len(reads)] == [False, False, 3]
    mark = replace(mark, until=now)
    assert [is_whole(), is_whole(), len(reads)] == [True, True, 4]


def test_without_a_mark_nothing_is_whole():
    async def none():
        return None

    assert not asyncio.run(LastMark(none, lambda: NOON).is_whole())
