"""A callback notifies one receiver of one end of a watch.  No I/O here.

It is a row of its own, with tickets of its own: each attempt is a step on it, as each turn is one on a watch's row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.core.model import End, Outcome, Watch
from shared.core.schedule import Schedule

#: Between attempts.  The Standard Webhooks suggest such a ladder, with jitter.
#: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#reattempts
RETRY_DELAYS = Schedule.seconds(5, 30, 120, 300, 900, 1800, 3600, jitter=0.2)

#: No retry is scheduled later than this after the end of the watch; a delayed ticket may still make an attempt.
LIFETIME = timedelta(days=1)


#: How a callback came out: the receiver acknowledged it, or it was given up.
Result = Literal["delivered", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One row of the callbacks table."""

    id: str  #: of the event: the receiver sees it
    watch_id: str
    api: str
    outcome: Outcome  #: of the watch
    url: str
    body: str  #: as it is sent and signed
    trace: str = ""  #: W3C traceparent of whoever began the watch
    due: datetime  #: when the ticket numbered `seq` should arrive; of a settled callback: when it came out
    give_up_at: datetime  #: no retry is scheduled after this
    seq: int = 0  #: fence: only the ticket with this number may make the next attempt
    stepped_by: str = ""  #: id of the queue message that made the last
    tries: int = 0
    error: str = ""  #: why the last attempt failed
    result: Result | None = None
    announced: bool = False  #: the event on a failed callback was sent
    etag: str = field(default="", compare=False)  #: what the table compares and swaps on
    unknown: Mapping[str, Any] = field(default_factory=dict, compare=False)  #: columns of another version, kept

    @property
    def is_open(self) -> bool:
        """Whether it still makes attempts."""
        return self.result is None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.result == "delivered" or self.announced


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one POST to the receiver came to."""

    error: str = ""  #: why it was not acknowledged; "" when it was
    final: bool = False  #: a retry would not help
    retry_after: timedelta | None = None


def event_id(watch: Watch) -> str:
    """Name the end of a watch: by the watch and when it began, since a watch that begins again has another end."""
    return f"{watch.id}.{watch.started_at:%Y%m%dT%H%M%S%fZ}"


def begin(watch: Watch, end: End, body: str, now: datetime, lifetime: timedelta) -> Callback:
    """The row of a callback before its first attempt, which is due at once."""
    return Callback(
        id=event_id(watch),
        watch_id=watch.id,
        api=watch.api,
        outcome=end.outcome,
        url=watch.callback,
        body=body,
        trace=watch.trace,
        due=now,
        give_up_at=end.at + lifetime,
    )


def advance(
    callback: Callback, attempt: Attempt, now: datetime, message_id: str, *, draw: float, delays: Schedule
) -> Callback:
    """The row after an attempt."""
    callback = replace(_stepped(callback, message_id), tries=callback.tries + 1, error=attempt.error)
    if not attempt.error:
        return replace(callback, result="delivered", due=now)
    due = now + max(delays.delay(callback.tries - 1, draw), attempt.retry_after or timedelta(0))
    if attempt.final or due > callback.give_up_at:
        return replace(callback, result="failed", due=now)
    return replace(callback, due=due)


def postpone(callback: Callback, message_id: str) -> Callback:
    """The row after a ticket that came early: a step without an attempt."""
    return _stepped(callback, message_id)


def revive(callback: Callback, now: datetime) -> Callback:
    """The row of a callback whose ticket was lost: that ticket is fenced off, and it is due now."""
    return replace(_stepped(callback, ""), due=now)


def _stepped(callback: Callback, message_id: str) -> Callback:
    return replace(callback, seq=callback.seq + 1, stepped_by=message_id)
