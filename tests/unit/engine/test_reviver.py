"""What becomes of a watch whose ticket failed too often."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.decide import REVIVAL_DELAYS
from shared.core.model import Outcome, Ticket
from shared.engine.ports import Conflict
from tests.builders import NOON
from tests.memory import Forgetful
from tests.unit.engine.world import ID, LATE


def test_a_poisoned_ticket_is_fenced_off_and_replaced(started):
    started.now += timedelta(hours=2)

    started.receive_poisoned(0)

    row = started.row
    assert (row.seq, row.revivals, row.stepped_by) == (1, 1, "")
    assert started.sent == [(Ticket(ID, 1), timedelta(minutes=1))]


def test_each_round_is_later_and_a_turn_ends_them(started):
    waits = []
    for seq in range(3):
        started.receive_poisoned(seq)
        waits.append(started.sent[-1][1])
        started.now = started.row.due

    assert waits == [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)]
    started.deliver(3)
    assert started.row.revivals == 0


def test_after_the_last_round_the_watch_is_abandoned_and_published(started):
    for seq in range(len(REVIVAL_DELAYS.delays) + 1):
        started.now = started.row.due
        started.receive_poisoned(seq)

    row = started.row
    assert (row.outcome, row.published) == (Outcome.ABANDONED, True)
    assert row.reason.startswith("no turn succeeded in 7 rounds")
    assert [watch.outcome for watch in started.announced] == [Outcome.ABANDONED]


def test_a_poisoned_ticket_of_a_turn_that_has_passed_needs_nothing(started):
    started.deliver(0)
    before = started.row

    started.receive_poisoned(0)

    assert started.row == before


def test_unless_the_next_turn_is_overdue_which_it_may_have_failed_to_announce(started):
    started.deliver(0)
    started.now = started.row.due + LATE

    started.receive_poisoned(0)

    assert (started.row.seq, started.row.revivals) == (2, 1)


def test_a_poisoned_ticket_of_an_ended_watch_publishes_it(started):
    started.state, started.broken = "success", TimeoutError("Application Insights")
    with pytest.raises(TimeoutError):
        started.deliver(0)

    started.broken = None
    started.receive_poisoned(0)

    assert started.row.published


def test_reviving_is_no_licence_to_ask_early(started):
    started.deliver(0)

    asyncio.run(started.ports.reviver.revive(replace(started.row, due=NOON + timedelta(days=1))))

    assert started.row.due == NOON + timedelta(days=1)


def test_a_poisoned_ticket_is_told_after_its_watch_was_given_another(started):
    told = []

    async def poisoned(watch):
        told.append((watch.id, len(started.sent)))

    body = Ticket(ID, 0).to_json().encode()
    asyncio.run(replace(started.ports, poisoned=poisoned).reviver.receive_poisoned(body))

    assert told == [(ID, 1)]


def test_a_revival_whose_answer_was_lost_sends_its_ticket(started):
    forgetful = Forgetful()
    forgetful.rows = started.store.rows

    asyncio.run(replace(started.ports, watches=forgetful).reviver.revive(started.row))

    assert started.sent == [(Ticket(ID, 1), timedelta(minutes=1))]


def test_a_poisoned_ticket_of_a_watch_that_moves_meanwhile_is_done(started):
    async def moved(row):
        raise Conflict(row.id)

    started.store.commit = moved
    started.receive_poisoned(0)

    assert (started.row.seq, started.sent) == (0, [])
