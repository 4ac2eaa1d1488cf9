"""What becomes of a callback: whom a watch tells when it has ended, and what if that does not succeed.  No I/O here.

A callback has tickets of its own, as a watch has, and its tries are steps on the watch's row, fenced off by their
number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.core.model import Watch
from shared.core.schedule import Schedule

#: Between tries.  The Standard Webhooks suggest such a ladder, with jitter.
#: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#reattempts
TRIES = Schedule.seconds(5, 30, 120, 300, 900, 1800, 3600, jitter=0.2)

#: After its end, nobody is told of it any longer than this.
LASTS = timedelta(days=1)

DELIVERED, FAILED = "delivered", "failed"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one try."""

    error: str = ""  #: why it was not taken; "" when it was
    final: bool = False  #: trying again would not help
    retry_after: timedelta | None = None


def is_pending(watch: Watch) -> bool:
    """Whether somebody is still to be told how this watch ended."""
    return bool(watch.callback) and watch.outcome is not None and not watch.callback_result


def told(
    watch: Watch, reply: Reply, now: datetime, message_id: str, *, draw: float, tries: Schedule, lasts: timedelta
) -> Watch:
    """The row after a try."""
    watch = replace(
        _stepped(watch, message_id),
        callback_tries=watch.callback_tries + 1,
        callback_error=reply.error,
    )
    if not reply.error:
        return replace(watch, callback_result=DELIVERED, callback_due=None)
    delay = max(tries.delay(watch.callback_tries - 1, draw), reply.retry_after or timedelta(0))
    if reply.final or now + delay > (watch.ended_at or now) + lasts:
        return replace(watch, callback_result=FAILED, callback_due=None)
    return replace(watch, callback_due=now + delay)


def put_off(watch: Watch, message_id: str) -> Watch:
    """The row after a ticket that came early: a step that tries nothing."""
    return _stepped(watch, message_id)


def try_again(watch: Watch, now: datetime) -> Watch:
    """The row of one whose ticket was lost: fenced off from that ticket, and due now."""
    return replace(_stepped(watch, ""), callback_due=now)


def _stepped(watch: Watch, message_id: str) -> Watch:
    return replace(watch, callback_seq=watch.callback_seq + 1, callback_stepped_by=message_id)


def event_id(watch: Watch) -> str:
    """Name the end of a watch: by the watch's id; a watch that was begun again has further ends, which are counted."""
    return f"{watch.id}.{watch.restarts}" if watch.restarts else watch.id
