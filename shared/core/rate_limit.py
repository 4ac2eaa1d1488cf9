"""How all watches together stay within a rate limit: what a 429 to one means for the others.  No I/O here.

A limit counts all requests of an OAuth client, so one watch's 429 concerns the others.  It shuts the *gate* of its API
until its Retry-After.  It also shows that there are too many watches in flight for their schedules.  From then on each
leaves so much *spacing* between its turns that all together keep to a rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

#: Requests a minute of the smallest tier: what is assumed once a 429 has shown that there is a limit.
#: https://developer.bentley.com/apis/overview/rate-limits
SMALLEST_TIER = 500.0

#: The part of a limit that is used: turns do not come evenly, and evidence and tokens take requests too.
HEADROOM = 0.9

#: Requests since a gate opened after which another 429 says something about the limit; and the part of the rate that is
#: kept at least, since other processes ask too, uncounted by us.
ENOUGH_REQUESTS, LEAST_KEPT = 50, 0.8

#: How long a 429 is remembered.
MEMORY = timedelta(hours=1)

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class GateState:
    """What the 429s of an API have shown.  One row of the gates table."""

    opens_at: datetime
    per_minute: float  #: requests of all watches together that we allow ourselves for a while


@dataclass(frozen=True, slots=True)
class Clearance:
    """What one watch needs to know about all others."""

    wait_until: datetime | None = None  #: no request before then; None: it may ask
    spread: timedelta = timedelta(0)  #: over how long, from then on, the held-back watches return
    spacing: timedelta = timedelta(0)  #: the least between two turns of one watch


def shut(limit: GateState | None, asked_at: datetime, opens_at: datetime, most: float, asked: int) -> GateState:
    """The gate after a 429 to what was asked at `asked_at`, that says to wait until `opens_at`.

    `most` is the rate to begin with, and `asked` how much this process has asked for since the gate opened.  If that is
    a telling number, it passed between the gate's opening and the end of the wait, and the limit is hardly higher.
    """
    if limit is None or asked_at - limit.opens_at >= MEMORY:
        return GateState(opens_at, most)
    if asked_at < limit.opens_at:  # it was under way when the gate was shut
        return replace(limit, opens_at=max(limit.opens_at, opens_at))
    if asked < ENOUGH_REQUESTS:
        return replace(limit, opens_at=opens_at)
    seen = HEADROOM * asked * (MINUTE / (opens_at - limit.opens_at))
    return GateState(opens_at, max(min(seen, limit.per_minute), LEAST_KEPT * limit.per_minute))


def assumed(asked: int) -> float:
    """The rate to begin with, of a process that asked so much in the minute before its first 429.

    The smallest tier's, unless that shows that the limit is far above it.
    """
    return HEADROOM * max(SMALLEST_TIER, asked / 2)


def allowed(limit: GateState | None, budget: float | None, now: datetime) -> float | None:
    """Requests a minute for all watches together; None: as many as their schedules make."""
    learned = limit.per_minute if limit is not None and now - limit.opens_at < MEMORY else None
    known = [rate for rate in (learned, budget) if rate is not None]
    return min(known, default=None)


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
