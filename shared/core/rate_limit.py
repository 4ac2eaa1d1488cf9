"""How all watches together stay within a rate limit: what a 429 to one means for the others.  No I/O here.

A limit counts all requests of an OAuth client, so one watch's 429 concerns the others.  It shuts the *gate* of its API
until its Retry-After.  If our own rate explains it, it also teaches a rate: from then on each watch leaves so much
*spacing* between its turns that all together keep to it.  A rate that was learned rises again while nothing is refused.
docs/decisions/0005-one-gate-per-api.md says why, with figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.core.schedule import SOONEST

MINUTE = timedelta(minutes=1)

#: Requests a minute of the smallest tier: what is assumed once a 429 has shown that there is a limit.
#: https://developer.bentley.com/apis/overview/rate-limits
SMALLEST_TIER = 500.0

#: The part of a limit that is used, since turns do not come evenly, and several processes do not know of one another.
HEADROOM = 0.9

#: The part of its rate that the app keeps at least, whatever one 429 seems to say; and of a budget, whatever all say.
LEAST_KEPT, LEAST_OF_BUDGET = 0.8, 0.5

#: A rate rises as the cube of time, as TCP CUBIC does (RFC 9438): slowly near the limit, so that probing costs few
#: 429s, and fast once the limit is proven to be elsewhere.  Both in windows of the limit: when it has doubled, and when
#: it is so high that it is forgotten.
DOUBLES_AFTER, FORGOTTEN_AFTER = 12, 60

#: The longest window of a limit that the platform's page names.  A longer wait is a quota, which teaches no rate.
LONGEST_WINDOW = timedelta(hours=1)

#: A 429 is explained by a rate that the watches want to use, and that comes near to what was refused before.
WANTED, NEAR = 0.8, 0.95

#: After so many 429s that our rate does not explain, another one shows a limit only if the gate is shut for this part
#: of the time: that costs more than the rate that it would teach.
MANY_STRAYS, MUCH_SHUT = 2, 0.4

#: Requests of this process since the gate opened, without which a 429 teaches nothing.
ENOUGH_REQUESTS = 20

#: A gate that is refused again so soon after it opened, before so many requests, was opened too early: it stays shut
#: for half as long again, up to the longest.
JUST_OPENED, HARDLY_ANY, LONGEST_BACKOFF = timedelta(seconds=5), 3, timedelta(seconds=30)

#: A gate that is shut for longer than this is worth an alarm: the limit may be a monthly quota.
LONG_SHUT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LearnedRate:
    """A rate that a 429 has taught: requests a minute of all watches together."""

    per_minute: float  #: what was allowed at first
    limit: float  #: what the platform seemed to allow
    since: datetime
    window: timedelta = MINUTE  #: over which the limit counts, as far as is known, or our turns follow a new rate
    strays: int = 0  #: 429s since then that our rate does not explain

    def at(self, now: datetime) -> float | None:
        """Return the rate that is allowed now; None once it is forgotten."""
        age = max(now - self.since, timedelta(0)) / self.window
        return None if age >= FORGOTTEN_AFTER else self.per_minute * (1 + (age / DOUBLES_AFTER) ** 3)


@dataclass(frozen=True, slots=True)
class GateState:
    """What the 429s of an API have shown.  One row of the gates table."""

    shut_at: datetime
    opens_at: datetime
    learned: LearnedRate | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a process knows of the requests, when one is refused."""

    asked: int  #: by this process, in the last minute
    usual: int = 0  #: the most that this process asked in an earlier minute, of which none was refused
    since_open: int = 0  #: by this process, from the opening of the gate to the refused request
    demand: float = 0.0  #: requests a minute that all watches would make by their schedules
    watches: int = 0  #: in flight
    budget: float | None = None  #: requests a minute that the operator allows
    suspected: bool = False  #: whether another 429 came just before, which our rate did not explain


class Reason(StrEnum):
    """Why all watches together keep to a rate."""

    SCHEDULES = "schedules"  #: they do not: each keeps to the schedule of its API
    BUDGET = "budget"  #: the operator's
    LIMIT = "429"  #: a 429 has shown that the platform allows no more


@dataclass(frozen=True, slots=True)
class Pace:
    """At what rate an API is asked now, and why."""

    per_minute: float | None = None  #: None: as often as the schedules say
    reason: Reason = Reason.SCHEDULES
    since: datetime | None = None  #: when the platform showed it; None: as long as the app runs
    shut_since: datetime | None = None  #: None: the gate is open
    shut_until: datetime | None = None
    opens_in: timedelta = timedelta(0)

    @property
    def is_held_back(self) -> bool:
        """Whether a 429 slows this API; what the schedules or the operator's budget allow is the same for all."""
        return self.reason is Reason.LIMIT or self.opens_in > timedelta(0)

    @property
    def is_shut_for_long(self) -> bool:
        """Whether an operator should know: it may be a quota of a month."""
        return bool(self.shut_since and self.shut_until and self.shut_until - self.shut_since > LONG_SHUT)


@dataclass(frozen=True, slots=True)
class Clearance:
    """What one watch needs to know about all others."""

    wait_until: datetime | None = None  #: no request before then; None: it may ask
    spread: timedelta = timedelta(0)  #: over how long, from then on, the held-back watches return
    spacing: timedelta = timedelta(0)  #: the least between two turns of one watch


def refused(
    gate: GateState | None, asked_at: datetime, now: datetime, told: timedelta, traffic: Traffic
) -> GateState | None:
    """The gate after a 429 to what was asked at `asked_at`, that says to wait for as long as `told`.

    A 429 that our rate does not explain concerns its own watch alone, which waits as told: the gate stays open, until
    the next 429 says the same.
    """
    wait = max(told, SOONEST)
    if gate is not None and asked_at < gate.opens_at:  # it was under way when the gate was shut
        return replace(gate, opens_at=max(gate.opens_at, now + wait))
    if gate is not None and asked_at - gate.opens_at < JUST_OPENED and traffic.since_open < HARDLY_ANY:
        again = min((gate.opens_at - gate.shut_at) / 2, LONGEST_BACKOFF)
        return replace(gate, opens_at=now + max(wait, again))
    taught = _taught(gate, asked_at, now, wait, traffic)
    known = gate.learned if gate is not None else None
    if taught is not None or traffic.suspected:
        return GateState(now, now + wait, taught or known)
    if gate is None or known is None:
        return gate
    return replace(gate, learned=replace(known, strays=known.strays + 1))


def _taught(
    gate: GateState | None, asked_at: datetime, now: datetime, wait: timedelta, traffic: Traffic
) -> LearnedRate | None:
    """The rate that a 429 teaches; None when our own rate does not explain it."""
    if gate is None:
        return _first(now, wait, traffic)
    opened_for, shut_for = asked_at - gate.opens_at, max(wait, gate.opens_at - gate.shut_at)
    cycle = max(opened_for + shut_for, MINUTE)
    costs_much = shut_for / cycle >= MUCH_SHUT
    rate = _capped(gate.learned, traffic.budget, now)
    if gate.learned is not None and rate is None and gate.learned.strays >= MANY_STRAYS and not costs_much:
        return None
    if gate.learned is None or rate is None:
        return _first(now, wait, traffic, costs_much=costs_much)
    takes_effect_at = gate.learned.since + spacing(traffic.watches, rate)
    if now < takes_effect_at and wait < MUCH_SHUT * MINUTE:  # turns still come as they were spaced before
        return gate.learned
    if not _is_explained(gate.learned, rate, traffic, costs_much=costs_much):
        return None
    passes = min(rate, max(rate * (1 - shut_for / cycle), traffic.since_open * MINUTE / cycle))
    per_minute = max(HEADROOM * passes, LEAST_KEPT * rate, LEAST_OF_BUDGET * (traffic.budget or 0))
    lag = spacing(traffic.watches, per_minute)
    return LearnedRate(per_minute, passes, now + wait, min(max(gate.learned.window, wait, lag), LONGEST_WINDOW))


def _first(now: datetime, wait: timedelta, traffic: Traffic, *, costs_much: bool = False) -> LearnedRate | None:
    """The rate to begin with: the budget, or else the smallest tier's unless more has passed.

    None if our rate does not explain the 429.  What has passed in a whole minute is not refused by a limit of that
    minute, and such a limit tells to wait for a minute at most.
    """
    has_passed = 0 < traffic.asked <= traffic.usual
    if traffic.budget is None and has_passed and wait <= MINUTE and not costs_much:
        return None
    rate = traffic.budget or HEADROOM * max(SMALLEST_TIER, traffic.asked / 2, traffic.usual)
    return LearnedRate(rate, rate, now + wait, min(max(MINUTE, wait), LONGEST_WINDOW))


def _is_explained(learned: LearnedRate, rate: float, traffic: Traffic, *, costs_much: bool) -> bool:
    """Whether our own rate can be why the platform refused.

    A rate that was lowered below the limit cannot be, until it has risen again; unless it slows nobody down.
    """
    is_wanted = traffic.demand >= WANTED * rate
    return (
        traffic.since_open >= ENOUGH_REQUESTS
        and (costs_much or (is_wanted and learned.strays < MANY_STRAYS))
        and (rate >= NEAR * learned.limit or not is_wanted)
    )


def _capped(learned: LearnedRate | None, budget: float | None, now: datetime) -> float | None:
    rate = learned.at(now) if learned is not None else None
    if rate is None or budget is None:
        return rate
    return min(max(rate, LEAST_OF_BUDGET * budget), budget)


def allowed(gate: GateState | None, budget: float | None, now: datetime) -> float | None:
    """Requests a minute for all watches together; None: as many as their schedules make."""
    learned = _capped(gate.learned, budget, now) if gate is not None else None
    return budget if learned is None else learned


def pace(gate: GateState | None, budget: float | None, now: datetime) -> Pace:
    """Say at what rate an API is asked, and why."""
    rate = allowed(gate, budget, now)
    known = Pace(rate, Reason.SCHEDULES if rate is None else Reason.BUDGET)
    if gate is not None and gate.learned is not None and rate is not None and rate != budget:
        shown_at = min(gate.learned.since, gate.shut_at)  # a learned rate counts from the opening, perhaps days ahead
        known = Pace(rate, Reason.LIMIT, shown_at)
    if gate is None or gate.opens_at <= now:
        return known
    return replace(known, shut_since=gate.shut_at, shut_until=gate.opens_at, opens_in=gate.opens_at - now)


def spread(gate: GateState, room: timedelta) -> timedelta:
    """Over how long the watches that a shut gate held back return, where turns are `room` apart.

    After a real limit its whole window lies ahead of all of them.  After any other 429 those that waited return as fast
    as they came.
    """
    is_limit = gate.learned is not None and gate.learned.since >= gate.opens_at
    came_in = min(gate.opens_at - gate.shut_at, MINUTE)
    return room if is_limit else min(room or came_in, came_in)


def spacing(watches: int, per_minute: float | None) -> timedelta:
    """The least between two turns of one of so many watches.

    >>> spacing(500, 5000 / 60 * HEADROOM).total_seconds()  # on a tier of 5,000 requests an hour
    400.0
    """
    return timedelta(0) if per_minute is None else watches * MINUTE / per_minute


def budget(per_minute: int | None, per_hour: int | None) -> float | None:
    """The rate, in requests a minute, that stays within both limits; None when there is none."""
    limits = [limit for limit in (per_minute, per_hour and per_hour / 60) if limit]
    return min(limits) * HEADROOM if limits else None
