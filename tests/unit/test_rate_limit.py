"""What a 429 to one watch means for all: when the gate opens, and how far apart turns are from then on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.decide import rate_limited
from shared.core.model import NotYet
from shared.core.rate_limit import (
    DOUBLES_AFTER,
    Clearance,
    GateState,
    LearnedRate,
    Pace,
    Reason,
    Traffic,
    allowed,
    budget,
    pace,
    refused,
    spacing,
    spread,
)
from tests.builders import NOON


def seconds(number):
    return timedelta(seconds=number)


#: Shut for 10 s, open since noon, and nothing learned but that there is a limit above 400 a minute.
LEARNED = LearnedRate(per_minute=400.0, limit=400.0, since=NOON - timedelta(minutes=5))
OPENED = GateState(shut_at=NOON - seconds(10), opens_at=NOON, learned=LEARNED)

#: A crowd that wants to ask more often than it may.
BUSY = Traffic(asked=400, since_open=300, demand=2000.0, watches=500)


def refuse(gate, at, told, traffic, asked_at=None):
    asked_at = at if asked_at is None else asked_at
    return refused(gate, NOON + seconds(asked_at), NOON + seconds(at), seconds(told), traffic)


def test_the_first_429_shows_the_smallest_tier():
    gate = refuse(None, 0, 31, Traffic(asked=300))

    assert gate == GateState(NOON, NOON + seconds(31), LearnedRate(450, 450, NOON + seconds(31)))


@pytest.mark.parametrize(
    ("traffic", "rate"),
    [
        (Traffic(asked=5000), 2250),  # a window may have begun in the middle
        (Traffic(asked=1100, usual=1000), 900),  # so much has passed
        (Traffic(asked=5000, budget=77.0), 77),
    ],
)
def test_the_first_429_leaves_what_is_known_to_pass(traffic, rate):
    assert refuse(None, 0, 31, traffic).learned.per_minute == rate


def test_what_passes_in_whole_minutes_is_no_limit_of_a_minute():
    usual = Traffic(asked=90, usual=97)

    assert refuse(None, 0, 31, usual) is None
    assert refuse(None, 0, 61, usual).learned.window == seconds(61)  # but perhaps one of an hour


def test_an_unexplained_429_is_its_own_watchs_affair_until_the_next_one_says_the_same():
    lazy = replace(BUSY, demand=100.0)
    gate = refuse(OPENED, 300, 30, lazy)
    again = refuse(gate, 302, 30, replace(lazy, suspected=True))

    assert gate == replace(OPENED, learned=replace(LEARNED, strays=1))
    assert again == GateState(NOON + seconds(302), NOON + seconds(332), gate.learned)


def test_what_was_under_way_when_the_gate_was_shut_teaches_nothing():
    assert refuse(OPENED, 1, 6, BUSY, asked_at=-1) == replace(OPENED, opens_at=NOON + seconds(7))
    assert refuse(replace(OPENED, opens_at=NOON + seconds(60)), 1, 6, BUSY).opens_at == NOON + seconds(60)


def test_a_gate_that_opened_too_early_stays_shut_for_half_as_long_again():
    shut_for_long = replace(OPENED, shut_at=NOON - seconds(40))

    assert refuse(shut_for_long, 1, 2, Traffic(asked=1)) == replace(shut_for_long, opens_at=NOON + seconds(21))
    assert refuse(shut_for_long, 1, 50, Traffic(asked=1)).opens_at == NOON + seconds(51)
    for_an_hour = replace(OPENED, shut_at=NOON - timedelta(hours=1))
    assert refuse(for_an_hour, 1, 0, Traffic(asked=1)).opens_at == NOON + seconds(31)


def test_a_limit_below_the_rate_is_learned_from_the_time_that_the_gate_is_shut():
    """Open for 56 s and shut for 4: so much of the rate passes, and nine tenths of that we allow ourselves."""
    gate = refuse(replace(OPENED, shut_at=NOON - seconds(4)), 56, 4, replace(BUSY, watches=10))

    assert gate.learned.limit == pytest.approx(400 * growth(5.93) * 56 / 60, rel=0.01)
    assert gate.learned.per_minute == pytest.approx(0.9 * gate.learned.limit, rel=0.01)
    assert (gate.learned.since, gate.learned.strays) == (NOON + seconds(60), 0)


def growth(minutes):
    return 1 + (minutes / DOUBLES_AFTER) ** 3


def test_one_429_takes_a_fifth_at_most():
    gate = refuse(OPENED, 21, 39, BUSY)

    assert gate.learned.per_minute == pytest.approx(0.8 * 400 * growth(5.35), rel=0.01)


def test_the_rate_is_never_below_half_of_a_budget():
    gate = OPENED
    for minute in range(60):
        gate = refuse(gate, 60 * minute + 30, 30, replace(BUSY, budget=1000.0))

    assert allowed(gate, 1000.0, NOON + timedelta(hours=1)) == 500


@pytest.mark.parametrize(
    ("why", "learned", "traffic"),
    [
        ("too few requests", LEARNED, replace(BUSY, since_open=19)),
        ("nobody wants to ask so often", LEARNED, replace(BUSY, demand=300.0)),
        ("it was lowered, and has not risen since", replace(LEARNED, limit=600.0), BUSY),
        ("there are strays", replace(LEARNED, strays=2), BUSY),
    ],
)
def test_what_our_rate_does_not_explain_teaches_nothing(why, learned, traffic):
    gate = refuse(replace(OPENED, learned=learned), 54, 6, replace(traffic, watches=10))

    assert gate.learned == replace(learned, strays=learned.strays + 1), why
    assert gate.opens_at == NOON


def test_a_gate_that_is_shut_much_of_the_time_teaches_in_spite_of_strays():
    gate = refuse(replace(OPENED, learned=replace(LEARNED, strays=9)), 30, 30, BUSY)

    assert gate.learned.per_minute < 400


def test_a_new_rate_teaches_nothing_before_the_turns_follow_it():
    """900 watches at 400 a minute: those that were spaced before come for two minutes and more."""
    new = replace(OPENED, learned=replace(LEARNED, since=NOON))

    assert refuse(new, 54, 6, replace(BUSY, watches=900)).learned == new.learned


def test_the_wait_of_a_quota_is_no_window():
    """Nor is the time that a large crowd takes to follow a rate: 35 days, of a million watches at 20 a minute."""
    slow = replace(OPENED, learned=replace(LEARNED, per_minute=20.0, limit=20.0))
    quota = refuse(None, 0, 20 * 24 * 3600, Traffic(asked=300))

    assert quota.learned.window == timedelta(hours=1)
    assert refuse(slow, 54, 30, replace(BUSY, watches=1_000_000)).learned.window == timedelta(hours=1)


def test_a_rate_rises_slowly_near_the_limit_then_fast_until_it_is_forgotten():
    rates = [LEARNED.at(LEARNED.since + timedelta(minutes=minute)) for minute in (-1, 0, 3, 6, 12, 24, 59, 60)]

    assert rates == [400, 400, *(pytest.approx(rate, rel=0.01) for rate in (406, 450, 800, 3600, 47_900)), None]


def test_a_limit_of_an_hour_is_remembered_for_days():
    hourly = replace(LEARNED, window=timedelta(hours=1))

    assert hourly.at(LEARNED.since + timedelta(hours=12)) == 800
    assert hourly.at(LEARNED.since + timedelta(hours=59)) is not None


@given(st.floats(-100, 10_000), st.floats(0, 3600), st.integers(0, 1000), st.booleans())
def test_a_gate_that_shuts_never_opens_before_the_retry_after(later, told, asked, suspected):
    traffic = Traffic(asked=asked, since_open=asked, demand=2000, watches=10, suspected=suspected)

    for gate in (None, OPENED, GateState(NOON, NOON)):
        after = refuse(gate, later, told, traffic)
        is_shut = after is not None and after.opens_at > NOON + seconds(later)
        assert not is_shut or after.opens_at >= NOON + seconds(later) + seconds(told)
        assert is_shut or not suspected


def test_the_pace_says_why():
    assert pace(None, None, NOON) == Pace(None, Reason.SCHEDULES)
    assert pace(None, 300.0, NOON) == Pace(300, Reason.BUDGET)
    assert pace(OPENED, None, NOON) == Pace(LEARNED.at(NOON), Reason.LIMIT, LEARNED.since)
    assert pace(OPENED, 300.0, NOON) == Pace(300, Reason.BUDGET)
    shut = replace(OPENED, opens_at=NOON + seconds(7))
    assert pace(shut, 300.0, NOON) == Pace(300, Reason.BUDGET, None, shut.shut_at, shut.opens_at, seconds(7))
    assert pace(GateState(NOON, NOON), None, NOON) == Pace(None, Reason.SCHEDULES)


def test_a_limit_was_shown_when_the_platform_refused_not_when_the_gate_opens():
    monthly = refuse(None, 0, 30 * 24 * 3600, Traffic(asked=300))
    refused_again = replace(OPENED, shut_at=NOON, opens_at=NOON + seconds(7))

    assert pace(monthly, None, NOON + seconds(1)).since == NOON
    assert pace(monthly, None, monthly.opens_at).since == NOON
    assert pace(refused_again, None, NOON + seconds(1)).since == LEARNED.since


def test_a_gate_that_is_shut_for_more_than_an_hour_is_worth_an_alarm():
    shut = [GateState(NOON, NOON + timedelta(hours=1, seconds=second)) for second in (0, 1)]

    assert [pace(gate, None, NOON).is_shut_for_long for gate in shut] == [False, True]
    assert not pace(shut[1], None, NOON + timedelta(hours=2)).is_shut_for_long


def test_after_a_real_limit_all_return_over_its_window_and_else_as_fast_as_they_came():
    limit = replace(OPENED, learned=replace(LEARNED, since=NOON))

    assert spread(limit, seconds(99)) == seconds(99)
    assert spread(OPENED, seconds(99)) == seconds(10)
    assert spread(OPENED, seconds(3)) == seconds(3)
    assert spread(GateState(NOON, NOON + timedelta(hours=1)), seconds(0)) == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("per_minute", "per_hour", "rate"),
    [(None, None, None), (500, None, 450), (None, 6000, 90), (500, 5000, 75), (10, 5000, 9)],
)
def test_a_budget_leaves_some_room(per_minute, per_hour, rate):
    assert budget(per_minute, per_hour) == pytest.approx(rate)


def test_what_was_learned_is_forgotten_and_a_budget_is_not():
    since = LEARNED.since

    assert allowed(None, None, NOON) is None
    assert allowed(OPENED, None, since) == 400
    assert allowed(OPENED, None, since + timedelta(hours=1)) is None
    assert allowed(OPENED, 300.0, since) == 300
    assert allowed(OPENED, 500.0, since) == 400
    assert allowed(OPENED, 500.0, since + timedelta(hours=1)) == 500


def test_spacing_grows_with_the_watches_in_flight():
    assert spacing(1000, None) == timedelta(0)
    assert spacing(0, 450.0) == timedelta(0)
    assert spacing(900, 450.0) == timedelta(minutes=2)


def test_whoever_finds_the_gate_shut_comes_back_spread_out():
    clearance = Clearance(wait_until=NOON, spread=seconds(100), spacing=seconds(7))

    assert rate_limited(clearance, 0.0) == NotYet(NOON, by_gate=True)
    assert rate_limited(clearance, 0.5) == NotYet(NOON + seconds(50), by_gate=True)
    assert rate_limited(Clearance(spacing=seconds(100)), 0.5) is None
