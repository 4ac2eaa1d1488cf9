"""What becomes of a callback: attempts, retries, and when it is given up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.callback import LIFETIME, RETRY_DELAYS, Attempt, advance, begin, event_id, postpone, revive
from shared.core.model import End, Outcome
from tests.builders import NOON, a_callback, a_watch

END = End(Outcome.LOST, NOON)
ENDED = a_watch(callback="https://hooks.example.com/", trace="00-ab-cd-01", end=END)
REFUSED = Attempt("HTTP 500")


def after(callback, attempt, now=NOON, draw=0.0):
    return advance(callback, attempt, now, "m", draw=draw, delays=RETRY_DELAYS)


def test_it_begins_due_at_once_with_all_that_its_attempts_need():
    callback = begin(ENDED, END, "the event", NOON + timedelta(seconds=2), LIFETIME)

    assert (callback.watch_id, callback.api, callback.outcome) == (ENDED.id, ENDED.api, Outcome.LOST)
    assert (callback.url, callback.body, callback.trace) == (ENDED.callback, "the event", ENDED.trace)
    assert (callback.due, callback.give_up_at) == (NOON + timedelta(seconds=2), NOON + LIFETIME)
    assert (callback.seq, callback.is_open, callback.is_settled) == (0, True, False)


def test_each_end_of_a_watch_has_a_name_of_its_own():
    """A watch begins again, or is removed after its retention and started anew: its id stays the same."""
    again = replace(ENDED, started_at=NOON + timedelta(microseconds=1))

    assert event_id(ENDED) == f"{ENDED.id}.20261120T120000000000Z"
    assert event_id(again) == f"{ENDED.id}.20261120T120000000001Z"
    assert len(event_id(ENDED)) <= 64  # as long as the id of a ticket may be


def test_an_acknowledged_attempt_settles_it():
    callback = after(a_callback(tries=2, error="HTTP 500"), Attempt())

    assert (callback.result, callback.tries, callback.error) == ("delivered", 3, "")
    assert (callback.seq, callback.stepped_by, callback.is_settled) == (1, "m", True)


@pytest.mark.parametrize(
    ("tries", "attempt", "draw", "wait"),
    [
        (0, REFUSED, 0.0, 5),
        (1, REFUSED, 0.0, 30),
        (0, REFUSED, 1.0, 6),
        (0, Attempt("HTTP 503", retry_after=timedelta(seconds=90)), 0.0, 90),
        (3, Attempt("HTTP 503", retry_after=timedelta(seconds=1)), 0.0, 300),
    ],
)
def test_a_failed_attempt_is_retried_after_the_longer_of_the_delay_and_retry_after(tries, attempt, draw, wait):
    callback = after(a_callback(tries=tries), attempt, draw=draw)

    assert (callback.due, callback.error) == (NOON + timedelta(seconds=wait), attempt.error)
    assert (callback.tries, callback.is_open) == (tries + 1, True)


def test_a_final_answer_ends_the_retries():
    assert after(a_callback(), Attempt("HTTP 410", final=True)).result == "failed"


@pytest.mark.parametrize(("late", "result"), [(timedelta(0), None), (timedelta(microseconds=1), "failed")])
def test_no_retry_comes_after_its_lifetime(late, result):
    now = NOON + LIFETIME - timedelta(seconds=5) + late

    assert after(a_callback(), REFUSED, now).result == result


def test_a_ticket_that_comes_early_makes_no_attempt():
    assert postpone(a_callback(), "m") == a_callback(seq=1, stepped_by="m")


def test_a_lost_ticket_is_fenced_off_and_the_callback_due_now():
    later = NOON + timedelta(hours=1)

    assert revive(a_callback(stepped_by="m"), later) == a_callback(seq=1, stepped_by="", due=later)
