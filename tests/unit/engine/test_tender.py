"""A round over all rows."""

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from azure.core.exceptions import ServiceRequestError

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
    """And tends although that cannot be told."""
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

    assert told == {REALITY_ANALYSIS.name: Count(1, 1, LATE)}
    assert started.sent == [(Ticket(ID, 1), timedelta(minutes=1))]


HOUR = timedelta(hours=1)
FREE, BUDGET = Pace(), Pace(90, Reason.BUDGET)
MONTHLY = Pace(450, Reason.LIMIT, NOON, NOON, NOON + timedelta(days=30), timedelta(days=30))
LEARNED = Pace(450, Reason.LIMIT, NOON)
BRIEF = Pace(shut_since=NOON, shut_until=NOON + HOUR, opens_in=HOUR)


def told_by_a_round(started, **paces):
    """What is told of each API, and which gates are told to be shut; without paces, they cannot be read."""
    told, shut = [], []

    async def read():
        if not paces:
            raise ServiceRequestError("no answer")
        return {api.replace("_", "-"): pace for api, pace in paces.items()}

    async def counted(api, count, pace):
        told.append((api, count.open, pace))

    async def shut_for_long(api, pace):
        shut.append((api, pace))

    asyncio.run(replace(started.ports, paces=read, counted=counted, shut_for_long=shut_for_long).tender.round())
    return sorted(told, key=str), shut


OPEN = "reality-analysis"


def test_a_round_tells_of_apis_that_are_in_use_and_of_those_that_a_429_slows(started):
    paces = {"reporting": MONTHLY, "schedules": BRIEF, "library": LEARNED, "reality_analysis": FREE, "export": FREE}

    told, shut = told_by_a_round(started, **paces)

    assert told == [("library", 0, LEARNED), (OPEN, 1, FREE), ("reporting", 0, MONTHLY), ("schedules", 0, BRIEF)]
    assert shut == [("reporting", MONTHLY)]


def test_a_round_that_cannot_read_the_gates_tells_the_counts_alone(started):
    assert told_by_a_round(started) == ([(OPEN, 1, None)], [])


def test_an_api_in_use_is_told_once_with_its_pace(started):
    assert told_by_a_round(started, reality_analysis=LEARNED, export=FREE) == ([(OPEN, 1, LEARNED)], [])


@pytest.mark.parametrize("pace", [FREE, BUDGET])
def test_a_round_with_no_api_to_tell_of_tells_that_it_took_place(started, pace):
    """Once, whichever number of APIs there is, and with the budget that is the same for all."""
    started.stop()

    assert told_by_a_round(started, reality_analysis=pace, export=pace) == ([(None, 0, pace)], [])


def test_also_when_it_cannot_read_the_gates(started):
    started.stop()

    assert told_by_a_round(started) == ([(None, 0, None)], [])


def test_a_gate_that_is_shut_is_enough_to_tell_of(started):
    started.stop()

    assert told_by_a_round(started, reality_analysis=FREE, export=BRIEF) == ([("export", 0, BRIEF)], [])


def test_what_is_tended_at_once_comes_back_spread_out(started):
    draws = iter([0.0, 0.5, 0.999])
    others = [replace(started.row, id=str(UUID(int=number))) for number in range(2)]
    for other in others:
        asyncio.run(started.store.insert(other))
    started.now += LATE

    asyncio.run(replace(started.ports, draw=lambda: next(draws)).tender.tend())

    waits = [delay.total_seconds() for _, delay in started.sent]
    assert waits == [60, 90, pytest.approx(120, abs=0.1)]
