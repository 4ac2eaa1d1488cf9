"""The shortest story for each promise that takes more than two workers to break."""

from dataclasses import replace
from datetime import timedelta
from itertools import repeat

import pytest

from shared.core.callback import event_id
from shared.core.model import Outcome
from shared.engine.reviver import GRACE
from shared.engine.starter import RESEND_AFTER
from tests.simulation.world import LIFETIME, MAX_DEQUEUES, RETENTION, REVIVALS, World

MINUTE = timedelta(minutes=1)


def started(**how):
    world = World(**how)
    world.start().finish()
    return world


@pytest.fixture
def world():
    return started()


def begun_and_dead():
    """There is a row, but no ticket."""
    world = World(job="success")
    start = world.start()
    while not world.row:
        start.go()
    start.kill()
    assert world.row
    assert not world.tickets
    return world


def stop_and_die(world):
    """The row says so, but it is not published."""
    stop = world.stop()
    while not world.row.outcome:
        stop.go()
    stop.kill()
    assert not world.row.published


def deliver_the_next(world):
    world.wait_for_a_message()
    return world.deliver(world.visible(world.tickets)[0]).finish()


def poison(world, port):
    """Let the next ticket fail until it is buried."""
    world.failing[port] = repeat("before")
    for _ in range(MAX_DEQUEUES):
        deliver_the_next(world)
    world.failing.clear()


def settle(world, *, tending):
    world.settle(tending=tending)
    world.check_nothing_multiplies()
    world.check_all_is_done()


def test_an_extra_ticket_dies_out(world):
    world.duplicate(world.tickets[0], world.now)
    for _ in range(6):
        deliver_the_next(world)

    assert len(world.tickets) == 1


def test_an_extra_ticket_dies_out_whenever_it_comes(world):
    """The ticket of a turn that has long passed must not be taken for a later one."""
    world.duplicate(world.tickets[0], world.now + 10 * MINUTE)
    while world.now < world.row.started_at + 15 * MINUTE:
        deliver_the_next(world)

    assert len(world.tickets) == 1


def test_a_start_that_died_before_its_ticket_is_made_good_by_the_next():
    world = begun_and_dead()

    world.now += RESEND_AFTER
    world.start().finish()

    settle(world, tending=False)
    assert world.row.outcome is Outcome.SUCCEEDED


def test_a_start_that_died_before_its_ticket_and_is_not_repeated_is_found_by_a_round():
    world = begun_and_dead()

    settle(world, tending=True)


def test_starting_again_makes_no_second_ticket_while_the_first_is_on_its_way(world):
    deliver_the_next(world)

    world.start().finish()

    assert len(world.tickets) == 1
    world.check_nothing_multiplies()


def test_a_stop_has_published_when_it_returns(world):
    world.stop().finish()

    assert world.row.published
    assert [event.outcome for event in world.events] == [Outcome.STOPPED]


def test_a_stop_that_died_is_published_by_the_ticket_that_still_comes(world):
    stop_and_die(world)

    settle(world, tending=False)
    assert [event.outcome for event in world.events] == [Outcome.STOPPED]


def test_a_stop_that_died_is_published_by_a_round_however_far_off_the_ticket_is(world):
    world.status, world.retry_after = 429, timedelta(minutes=20)
    deliver_the_next(world)
    stop_and_die(world)

    world.now += GRACE + MINUTE
    world.tend().finish()

    assert world.row.published


def test_a_ticket_of_an_earlier_life_does_not_move_an_ended_watch(world):
    """Watches of one job have one name, and their turns the same numbers."""
    deliver_the_next(world)
    world.stop().finish()
    world.now += 2 * RETENTION
    world.tend().finish()
    assert not world.table.rows
    world.start().finish()
    world.stop().finish()
    (old,) = [message for message in world.tickets if message.ticket.seq == world.row.seq]

    world.deliver(old).finish()

    settle(world, tending=False)
    assert [event.outcome for event in world.events] == [Outcome.STOPPED] * 2


def test_begun_again_it_goes_on_counting_and_old_tickets_do_nothing(world):
    """Of its first life there may be tickets about, whose numbers must never come again."""
    for _ in range(3):
        world.duplicate(world.tickets[0], world.now + 10 * MINUTE)
        deliver_the_next(world)
    world.stop().finish()
    ended = world.row

    world.restart().finish()

    assert world.row.outcome is None
    assert (world.row.seq, world.restarts) == (ended.seq + 1, 1)
    settle(world, tending=False)
    assert [event.outcome for event in world.events] == [Outcome.STOPPED, Outcome.EXPIRED]


def test_begun_again_it_leaves_the_api_alone_as_long_as_that_wants(world):
    world.status, world.retry_after = 429, timedelta(minutes=20)
    deliver_the_next(world)
    world.stop().finish()

    world.restart().finish()

    assert world.row.due == world.row.not_before == world.told
    settle(world, tending=False)


def test_of_two_who_begin_it_again_at_once_one_does(world):
    world.stop().finish()

    one, other = world.restart(), world.restart()
    one.finish()
    other.finish()

    assert world.restarts == 1
    assert len([message for message in world.tickets if message.ticket.seq == world.row.seq]) == 1


def test_the_same_request_begins_it_again_once(world):
    """Its answer may have been lost, and the watch have ended in between."""
    world.stop().finish()
    world.restart("request").finish()
    world.stop().finish()

    world.restart("request").finish()
    assert world.restarts == 1

    world.restart("another").finish()
    assert world.restarts == 2


def test_a_restart_whose_answer_was_lost_sends_its_ticket(world):
    world.stop().finish()
    world.failing["commit"] = iter(["as a conflict"])

    restart = world.restart().finish()

    assert (restart.failed, world.row.is_open) == (False, True)
    assert [message.ticket.seq for message in world.tickets][-1] == world.row.seq
    settle(world, tending=False)


def with_a_callback():
    world = started(job="success", callback="https://hooks.example.com/")
    deliver_the_next(world)
    return world


def try_until(world, done):
    give_up = world.now + timedelta(days=2)
    while not done():
        assert world.now < give_up
        assert world.calls, "nobody tries again"
        world.wait_for_a_message()
        for message in world.visible(world.calls):
            world.call(message).finish()


def the_callback(world):
    return world.callbacks.rows[event_id(world.row)]


def test_a_receiver_is_notified_once_when_nothing_goes_wrong():
    world = with_a_callback()

    settle(world, tending=False)
    assert (world.posts, world.taken, the_callback(world).result) == (1, {event_id(world.row)}, "delivered")


def test_a_callback_that_is_refused_is_retried_for_a_day_and_given_up():
    world = with_a_callback()
    world.refusal = "HTTP 500"
    began = world.now

    try_until(world, lambda: the_callback(world).result)

    assert world.given_up == {event_id(world.row)}
    assert timedelta(hours=22) < world.now - began <= timedelta(days=1)
    assert 20 < the_callback(world).tries == world.posts < 40
    assert the_callback(world).error == "HTTP 500"
    settle(world, tending=False)


def test_an_extra_ticket_of_a_callback_dies_out():
    world = with_a_callback()
    world.refusal = "HTTP 500"
    extra = replace(world.calls[0], id="extra", visible_at=world.now + MINUTE)
    world.calls.append(extra)

    try_until(world, lambda: extra.dequeued)

    assert len(world.calls) == 1
    world.duplicates += 1
    settle(world, tending=False)


def test_an_end_that_is_not_yet_published_is_before_it_begins_again(world):
    stop_and_die(world)

    world.restart().finish()

    assert world.restarts == 1
    settle(world, tending=True)
    assert [event.outcome for event in world.events] == [Outcome.STOPPED, Outcome.EXPIRED]


def test_a_restart_waits_for_no_receiver():
    """Each end has a callback of its own: both are delivered, under names of their own."""
    world = with_a_callback()
    world.refusal = "HTTP 500"
    world.call(world.calls[0]).finish()

    world.restart().finish()

    assert world.restarts == 1
    settle(world, tending=False)
    assert world.taken == {event_id(watch) for watch in world.ended}


def test_a_lost_ticket_of_a_callback_is_replaced_by_a_round():
    world = with_a_callback()
    world.calls.clear()

    settle(world, tending=True)


def test_a_lost_ticket_is_replaced_by_a_round(world):
    deliver_the_next(world)
    world.lose(world.tickets[0])

    settle(world, tending=True)


def test_a_late_ticket_is_fenced_off_by_the_round_that_replaced_it(world):
    """A backlog must not grow by being tended."""
    for _ in range(len(REVIVALS.delays)):
        world.now += 30 * MINUTE
        world.tend().finish()

    world.check_nothing_multiplies()
    assert world.mishaps == 0
    settle(world, tending=False)


def test_a_ticket_that_comes_early_asks_nothing(world):
    deliver_the_next(world)

    world.tickets[0].visible_at = world.now
    world.deliver(world.tickets[0]).finish()

    assert world.polls == 1
    assert world.tickets[0].visible_at >= world.row.due


def test_a_poisoned_ticket_gives_its_watch_another_turn(world):
    poison(world, "commit")
    assert [message.ticket.seq for message in world.poison] == [world.row.seq]

    settle(world, tending=False)
    assert world.row.outcome is Outcome.EXPIRED


def test_a_poisoned_ticket_does_not_bring_the_turn_forward(world):
    """It came early, and could not be put off; that the API wants to be left alone still holds."""
    world.status, world.retry_after = 429, timedelta(minutes=20)
    deliver_the_next(world)
    due = world.row.due
    world.duplicate(world.tickets[0], world.now)
    poison(world, "commit")

    world.deliver_poisoned(world.poison[0]).finish()

    assert world.row.due == due
    settle(world, tending=False)


def test_the_api_is_left_alone_until_it_wants_to_be_asked_even_at_the_deadline(world):
    world.status, world.retry_after = 429, LIFETIME + MINUTE
    deliver_the_next(world)

    settle(world, tending=False)

    assert world.row.outcome is Outcome.EXPIRED
    assert world.polls == 1


def test_a_watch_none_of_whose_turns_succeeds_is_abandoned(world):
    """Poison copies, rounds and revived tickets must not keep each other alive for ever."""
    world.failing["fetch"] = repeat("before")
    while world.row.outcome is None:
        assert world.now < world.row.started_at + timedelta(hours=12)
        world.wait_for_a_message()
        for message in world.visible(world.tickets):
            world.deliver(message).finish()
        for message in world.visible(world.poison):
            world.deliver_poisoned(message).finish()

    settle(world, tending=False)
    assert world.row.outcome is Outcome.ABANDONED
    assert world.row.polls == 0


def test_a_job_that_failed_ends_its_watch_though_nobody_says_why():
    world = started(job="failed")
    deliver_the_next(world)
    assert (world.row.outcome, world.row.verdict) == (None, Outcome.FAILED)

    world.status = 500
    while world.tickets:
        deliver_the_next(world)

    assert (world.row.outcome, world.row.published) == (Outcome.FAILED, True)
    assert world.now - world.row.started_at < LIFETIME / 2


def test_a_job_that_ended_is_not_abandoned():
    world = started(job="failed", lifetime=timedelta(days=30))
    deliver_the_next(world)

    while world.row.outcome is None:
        poison(world, "commit")
        for message in list(world.poison):
            world.deliver_poisoned(message).finish()

    assert world.row.outcome is Outcome.FAILED
    settle(world, tending=True)


def test_a_watch_that_has_its_turns_now_and_then_is_not_abandoned():
    world = started(lifetime=timedelta(hours=6))
    for _ in range(2 * len(REVIVALS.delays)):
        world.lose(world.tickets[0])
        world.now += 10 * MINUTE
        world.tend().finish()
        deliver_the_next(world)

    assert world.row.outcome is None
    settle(world, tending=False)
    assert world.row.outcome is Outcome.EXPIRED


def test_ten_minutes_of_refused_writes_make_few_polls(world):
    """Sending before committing made thousands (docs/decisions/0001-commit-then-act.md)."""
    world.failing["commit"] = repeat("before")
    while world.now < world.row.started_at + 10 * MINUTE:
        world.wait_for_a_message()
        for message in world.visible(world.tickets):
            world.deliver(message).finish()
        for message in world.visible(world.poison):
            world.deliver_poisoned(message).finish()

    assert world.polls <= 10
    assert len(world.tickets) + len(world.poison) == 1
    settle(world, tending=True)
