"""One turn of a watch, and what follows from it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.decide import LOOKS_AGAIN
from shared.core.model import Outcome, Ticket
from shared.core.rate_limit import Clearance
from shared.core.remote import NoResponse, Response
from shared.engine.deliver import deliver
from tests.builders import NOON
from tests.ports import NoGate
from tests.unit.engine.world import ID


def test_a_turn_asks_once_and_sends_the_next_ticket_when_it_is_due(started):
    started.deliver(0)

    assert len(started.asked) == 1
    assert (started.row.seq, started.row.polls, started.row.due) == (1, 1, NOON + timedelta(seconds=15))
    assert started.sent == [(Ticket(ID, 1), timedelta(seconds=15))]


def test_a_ticket_that_comes_early_asks_nothing_and_waits_on(started):
    started.deliver(0)
    started.now += timedelta(seconds=5)

    started.deliver(1, "too early")

    assert len(started.asked) == 1
    assert (started.row.polls, started.row.due) == (1, NOON + timedelta(seconds=15))
    assert started.sent[-1] == (Ticket(ID, 2), timedelta(seconds=10))


def test_an_end_is_recorded_then_announced_then_marked(started):
    started.state = "success"

    started.deliver(0)

    row = started.row
    assert (row.outcome, row.published) == (Outcome.SUCCEEDED, True)
    assert started.recorded == started.announced == [replace(row, published=False)]
    assert started.sent == []


def test_what_is_published_is_not_published_again(started):
    started.state = "success"
    started.deliver(0)

    started.deliver(0)
    started.start()
    started.stop()

    assert len(started.announced) == 1


def test_an_end_that_could_not_be_announced_is_announced_when_the_message_comes_again(started):
    started.state, started.broken = "success", TimeoutError("Application Insights")
    with pytest.raises(TimeoutError):
        started.deliver(0)
    assert not started.row.published

    started.broken = None
    started.deliver(0)

    assert started.row.published
    assert [watch.outcome for watch in started.announced] == [Outcome.SUCCEEDED]


def test_a_fault_is_logged_once_however_often_the_watch_is_held_back(started, caplog):
    caplog.set_level("INFO")
    started.state = ""
    started.deliver(0)
    for seq in (1, 2):
        started.deliver(seq, f"too early {seq}")

    assert started.row.seq == 3
    assert caplog.text.count("watch.faulted") == 1


def test_a_word_that_no_page_names_is_logged_once_and_the_watch_goes_on(started, caplog):
    started.state = "paused"
    started.deliver(0)
    started.now = started.row.due
    started.deliver(1, "next")

    assert (started.row.status, started.row.is_open, started.row.polls) == ("paused", True, 2)
    assert caplog.text.count("status.unknown") == 1


@pytest.mark.parametrize(("shut", "not_before"), [(True, LOOKS_AGAIN), (False, timedelta(days=3))])
def test_a_watch_remembers_the_whole_wait_only_where_no_gate_does(started, shut, not_before):
    class Gate(NoGate):
        async def refused(self, api, asked_at, retry_after):  # noqa: ARG002
            return Clearance(asked_at + retry_after if shut else None)

    async def fetch(*_):
        return Response(429, {"retry-after": "259200"})

    poller = replace(started.ports, gate=Gate(), fetch=fetch).poller
    asyncio.run(deliver(poller, Ticket(ID, 0), "m"))

    assert started.row.not_before == started.now + not_before


@pytest.mark.parametrize(("left", "within"), [(3600, 3600), (5, 5), (3, 5), (0, 5), (-600, 5)])
def test_a_platform_that_hangs_delays_the_end_by_seconds(started, left, within):
    started.now = started.row.deadline - timedelta(seconds=left)
    given = []

    async def fetch(_, within):
        given.append(within)
        started.now += within
        return NoResponse("no answer")

    asyncio.run(deliver(replace(started.ports, fetch=fetch).poller, Ticket(ID, 0), "m"))

    assert given == [timedelta(seconds=within)]
    assert started.row.outcome is Outcome.EXPIRED
    assert started.row.reason == "still without a status at the deadline; last fault: no answer"
