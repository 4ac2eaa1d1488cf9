"""What a 429 to one watch means for all: when the gate opens, and how far apart turns are from then on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import NotYet
from shared.traffic import (
    LONGEST_DOUBT,
    MEMORY,
    UNTOLD,
    Gate,
    Traffic,
    allowed,
    assumed,
    budget,
    held_back,
    shut,
    spacing,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def seconds(number):
    return timedelta(seconds=number)


OPENED = Gate(opens_at=NOON, wait=seconds(20), per_minute=400.0)


@pytest.mark.parametrize(
    ("gate", "asked", "now", "told", "after"),
    [
        # the first one, or the first for long
        (None, 0, 1, 30, Gate(NOON + seconds(31), seconds(30), 450.0)),
        (None, 0, 1, None, Gate(NOON + seconds(1) + UNTOLD, UNTOLD, 450.0)),
        (None, 0, 1, 0, Gate(NOON + seconds(2), seconds(1), 450.0)),
        (OPENED, 3600, 3600, 30, Gate(NOON + seconds(3630), seconds(30), 450.0)),
        # what was under way when it was shut: the later of the two counts
        (OPENED, -1, 1, 30, Gate(NOON + seconds(31), seconds(20), 400.0)),
        (OPENED, -19, -18, 5, OPENED),
        # again soon after it opened: shut for longer, and half as many
        (OPENED, 1, 2, 5, Gate(NOON + seconds(42), seconds(40), 200.0)),
        (OPENED, 1, 2, 90, Gate(NOON + seconds(92), seconds(90), 200.0)),
        # again later: a fifth less
        (OPENED, 600, 601, 5, Gate(NOON + seconds(606), seconds(5), 320.0)),
    ],
)
def test_shut(gate, asked, now, told, after):
    told = None if told is None else seconds(told)

    assert shut(gate, NOON + seconds(asked), NOON + seconds(now), told, 450.0) == after


def test_a_platform_that_says_too_little_is_left_alone_for_longer_each_time_up_to_a_bound():
    gate, now, waits = None, NOON, []
    for _ in range(12):
        gate = shut(gate, now, now, seconds(2), 450.0)
        waits.append(gate.wait.total_seconds())
        now = gate.opens_at

    assert waits[:5] == [2, 4, 8, 16, 32]
    assert waits[-1] == LONGEST_DOUBT.total_seconds()


@given(st.floats(0, 10_000), st.none() | st.floats(0, 3600))
def test_a_gate_never_opens_before_the_retry_after(later, told):
    told = None if told is None else seconds(told)
    now = NOON + seconds(later)

    for gate in (None, OPENED):
        assert shut(gate, now, now, told, 450.0).opens_at >= now + (told or timedelta(0))


@pytest.mark.parametrize(
    ("per_minute", "per_hour", "rate"),
    [(None, None, None), (500, None, 450), (None, 6000, 90), (500, 5000, 75), (10, 5000, 9)],
)
def test_a_budget_leaves_some_room(per_minute, per_hour, rate):
    assert budget(per_minute, per_hour) == pytest.approx(rate)


def test_what_was_learned_is_forgotten_and_a_budget_is_not():
    assert allowed(None, None, NOON) is None
    assert allowed(OPENED, None, NOON) == 400
    assert allowed(OPENED, None, NOON + MEMORY) is None
    assert allowed(OPENED, 300.0, NOON) == 300
    assert allowed(OPENED, 500.0, NOON) == 400
    assert allowed(OPENED, 500.0, NOON + MEMORY) == 500


def test_spacing_grows_with_the_watches_in_flight():
    assert spacing(1000, None) == timedelta(0)
    assert spacing(0, 450.0) == timedelta(0)
    assert spacing(900, 450.0) == timedelta(minutes=2)


def test_whoever_finds_the_gate_shut_comes_back_spread_out():
    traffic = Traffic(full_until=NOON, spread=seconds(100), spacing=seconds(7))

    assert held_back(traffic, 0.0) == NotYet(NOON)
    assert held_back(traffic, 0.5) == NotYet(NOON + seconds(50))
    assert held_back(Traffic(spacing=seconds(100)), 0.5) is None


def test_the_rate_to_begin_with_is_the_smallest_tiers_unless_the_limit_is_clearly_higher():
    assert assumed(0) == assumed(501) == 450
    assert assumed(5000) == 2250
