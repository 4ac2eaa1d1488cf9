"""How users stop watches."""

import asyncio
from dataclasses import replace

import pytest

from shared.core.model import End, Outcome
from tests.builders import NOON
from tests.memory import MemoryWatches
from tests.unit.engine.world import ID


def test_a_stop_ends_the_watch_at_once_and_publishes_it(started):
    watch = started.stop()

    assert (watch.end, watch.published) == (End(Outcome.STOPPED, NOON), True)
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
    started.deliver(1)

    assert started.stop().outcome is Outcome.FAILED


def test_nobody_stops_an_unknown_watch(world):
    assert world.stop() is None


def test_a_stop_wins_over_a_turn_that_gets_in_between(started):
    class Racing(MemoryWatches):
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

    watch = asyncio.run(replace(started.ports, watches=store).stopper.stop(ID))

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
