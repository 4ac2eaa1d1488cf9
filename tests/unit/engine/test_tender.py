"""A round over all rows."""

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from azure.core.exceptions import ServiceRequestError

from shared.apis import APIS
from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.core.model import Ticket
from shared.core.rate_limit import Pace, Reason
from shared.engine.ports import Count
from shared.engine.tender import AT_ONCE
from tests.builders import NOON
from tests.memory import MemoryWatches
from tests.unit.engine.world import ID, LATE


def test_tending_gives_those_that_fell_behind_a_turn_and_leaves_the_others(started):
    assert started.tend() == 0
    assert started.sent == []

    started.now += LATE
    assert started.tend() == 0

    assert started.sent == [(Ticket(ID, 1), timedelta(minutes=1))]


def test_a_late_ticket_of_a_revived_watch_does_nothing(started):
    started.now += LATE
    started.tend()

    started.deliver(0, "late")

    assert started.asked == []


def test_tending_publishes_what_ended_unpublished(started):
    started.broken = TimeoutError("Application Insights")
    with pytest.raises(TimeoutError):
        started.stop()
    started.broken = None
    started.now += LATE

    started.tend()

    assert started.row.published


def test_tending_removes_what_ended_long_ago_and_was_published(started):
    started.stop()
    started.now += timedelta(days=30)
    started.tend()
    assert started.row is not None

    started.now += timedelta(seconds=1)
    started.tend()

    assert started.row is None
    assert len(started.recorded) == 1


def test_one_row_that_cannot_be_tended_does_not_keep_others_from_it(started):
    other = replace(started.row, id=str(UUID(int=1)))
    asyncio.run(started.store.insert(other))
    started.now += LATE

    async def refuse(ticket, delay):
        if ticket.id == ID:
            raise ServiceRequestError("storage")
        started.sent.append((ticket, delay))

    failed, _ = asyncio.run(replace(started.ports, send=refuse).tender.tend())

    assert failed == 1
    assert [ticket.id for ticket, _ in started.sent] == [other.id]


def test_a_round_over_a_large_table_holds_few_rows_at_a_time(started):
    """Ended rows to remove, ten thousand of them, counted as they come and go."""
    held = most_held = 0

    class LargeStore(MemoryWatches):
        async def stale(self, due_before, ended_before):  # noqa: ARG002
            nonlocal held, most_held
            for number in range(10_000):
                held += 1
                most_held = max(most_held, held)
                yield replace(ended, id=str(number))

        async def delete(self, watch):  # noqa: ARG002
            nonlocal held
            await asyncio.sleep(0)
            held -= 1

    ended = started.stop()
    tender = replace(started.ports, watches=LargeStore()).tender

    assert asyncio.run(tender.tend()) == (0, [])
    assert (held, most_held) == (0, AT_ONCE)


@pytest.mark.parametrize("broken", [None, TimeoutError("Application Insights")])
def test_a_round_tells_what_was_open_and_overdue_before_it_tended(started, broken):
    """Also of APIs with nothing open; and tends although that cannot be told."""
    told = {}

    async def counted(api, count, pace):
        told[api] = count
        assert pace is None
        if broken:
            raise broken

    started.now += LATE
    tender = replace(started.ports, counted=counted).tender
    with pytest.raises(TimeoutError) if broken else nullcontext():
        asyncio.run(tender.round())

    assert told == {**dict.fromkeys(APIS, Count()), REALITY_ANALYSIS.name: Count(1, 1, LATE)}
    assert started.sent == [(Ticket(ID, 1), timedelta(minutes=1))]


@pytest.mark.parametrize("broken", [None, ServiceRequestError("no answer")])
def test_a_round_tells_the_pace_of_each_api_and_which_gates_are_shut_for_long(started, broken):
    """Without the gates it tells the counts alone."""
    told, shut = {}, {}
    hour = timedelta(hours=1)
    monthly = Pace(450, Reason.LIMIT, NOON, NOON, NOON + timedelta(days=30), timedelta(days=30))
    brief = Pace(shut_since=NOON, shut_until=NOON + hour, opens_in=hour)

    async def paces():
        if broken:
            raise broken
        return {"reporting": monthly, "schedules": brief}

    async def counted(api, _, pace):
        told[api] = pace

    async def shut_for_long(api, pace):
        shut[api] = pace

    tender = replace(started.ports, paces=paces, counted=counted, shut_for_long=shut_for_long).tender
    asyncio.run(tender.round())

    known = {} if broken else {"reporting": monthly, "schedules": brief}
    assert told == {**dict.fromkeys(APIS), **known}
    assert shut == ({} if broken else {"reporting": monthly})


def test_what_is_tended_at_once_comes_back_spread_out(started):
    draws = iter([0.0, 0.5, 0.999])
    others = [replace(started.row, id=str(UUID(int=number))) for number in range(2)]
    for other in others:
        asyncio.run(started.store.insert(other))
    started.now += LATE

    asyncio.run(replace(started.ports, draw=lambda: next(draws)).tender.tend())

    waits = [delay.total_seconds() for _, delay in started.sent]
    assert waits == [60, 90, pytest.approx(120, abs=0.1)]
