"""What a 429 to one watch means for all: when the gate opens, and how far apart turns are from then on."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.decide import rate_limited
from shared.core.model import NotYet
from shared.core.rate_limit import (
    MEMORY,
    Clearance,
    GateState,
    allowed,
    assumed,
    budget,
    shut,
    spacing,
)
from tests.builders import NOON


def seconds(number):
    return timedelta(seconds=number)


OPENED = GateState(opens_at=NOON, per_minute=400.0)


@pytest.mark.parametrize(
    ("gate", "asked_at", "opens_at", "asked", "after"),
    [
        # the first one, or the first for long
        (None, 0, 31, 0, GateState(NOON + seconds(31), 450.0)),
        (OPENED, 3600, 3630, 500, GateState(NOON + seconds(3630), 450.0)),
        # what was under way when it was shut: the later of the two counts
        (OPENED, -1, 31, 500, GateState(NOON + seconds(31), 400.0)),
        (OPENED, -19, -13, 500, OPENED),
        # again, after a few requests: that is another's doing
        (OPENED, 1, 7, 49, GateState(NOON + seconds(7), 400.0)),
        # again, after many: 375 passed in a minute, and nine tenths of them are as many as we allow ourselves
        (OPENED, 29, 60, 375, GateState(NOON + seconds(60), 337.5)),
        # but a fifth at most is taken off, and nothing is added
        (OPENED, 29, 60, 50, GateState(NOON + seconds(60), 320.0)),
        (OPENED, 5, 10, 300, GateState(NOON + seconds(10), 400.0)),
    ],
)
def test_shut(gate, asked_at, opens_at, asked, after):
    assert shut(gate, NOON + seconds(asked_at), NOON + seconds(opens_at), 450.0, asked) == after


@given(st.floats(-100, 10_000), st.floats(1, 3600), st.integers(0, 1000))
def test_a_gate_never_opens_before_the_retry_after(later, told, asked):
    asked_at = NOON + seconds(later)

    for gate in (None, OPENED):
        assert shut(gate, asked_at, asked_at + seconds(told), 450.0, asked).opens_at >= asked_at + seconds(told)


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
    clearance = Clearance(wait_until=NOON, spread=seconds(100), spacing=seconds(7))

    assert rate_limited(clearance, 0.0) == NotYet(NOON)
    assert rate_limited(clearance, 0.5) == NotYet(NOON + seconds(50))
    assert rate_limited(Clearance(spacing=seconds(100)), 0.5) is None


def test_the_rate_to_begin_with_is_the_smallest_tiers_unless_the_limit_is_clearly_higher():
    assert assumed(0) == assumed(501) == 450
    assert assumed(5000) == 2250
