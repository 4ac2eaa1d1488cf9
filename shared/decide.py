"""The heart: what becomes of a watch, given what was just seen.

Rule 1: every choice about a watch's future is made here.
Rule 2: no I/O, no clock, no randomness: the caller brings `now` and the jitter `draw`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.model import Decision, Fault, Finish, NotYet, Observation, Outcome, Report, RequeueAfter, Watch
from shared.remote import RemoteApi
from shared.schedule import Schedule

#: Refusals in a row, over at least the API's `patience`, before we believe them: a job may not be visible at once.
ENOUGH_REFUSALS = 5

#: The least wait that a `Retry-After: 0` can ask for.  Without it a server that always says 0 is asked without pause.
SOONEST = timedelta(seconds=1)

#: When a watch that got no turn is given the next: later each round, and spread, since many may have waited for one
#: thing.  After the last round it is abandoned, two to four days after its last turn.
REVIVALS = Schedule.seconds(60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, jitter=1.0)


def decide(watch: Watch, seen: Observation, api: RemoteApi, now: datetime, draw: float = 0.0) -> Decision:
    """Finish the watch or requeue it.

    An ended job ends the watch even past the deadline.  Waiting for progress and waiting out faults follow separate
    schedules.  A Retry-After replaces the schedule of a fault; on a report the longer of the two counts.  The last
    turn falls on the deadline, never after it.
    """
    match seen:
        case Report(outcome=Outcome() as outcome, reason=reason):
            return Finish(outcome, reason)
        case Fault(lasting=Outcome() as outcome, reason=reason) if _is_believed(watch, api, now):
            return Finish(outcome, reason)
    if now >= watch.deadline:
        return Finish(Outcome.EXPIRED, _why_expired(watch, seen))
    return RequeueAfter(min(_delay(watch, seen, api, now, draw), watch.deadline - now))


def advance(watch: Watch, seen: Observation, decision: Decision, now: datetime, message_id: str) -> Watch:
    """The row after this step."""
    watch = replace(_take_in(watch, seen, now), seq=watch.seq + 1, stepped_by=message_id, revivals=0)
    match decision:
        case RequeueAfter(delay):
            return replace(watch, due=now + delay)
        case Finish(outcome, reason):
            return replace(watch, outcome=outcome, reason=reason, ended_at=now)


def stop(watch: Watch, now: datetime) -> Watch:
    """The row of a watch that a user stops: fenced off from its ticket, and stepped by no message."""
    return replace(
        watch,
        seq=watch.seq + 1,
        stepped_by="",
        outcome=Outcome.STOPPED,
        reason="stopped on request",
        ended_at=now,
        due=min(watch.due, now),  # tending looks for what is overdue, and a stop may die before it has published
    )


def begin_again(ended: Watch, wanted: Watch) -> Watch:
    """The row of an ended watch that is begun again: its turns go on counting, so that old tickets stay fenced off.

    What the API asked for holds whoever asks.
    """
    return replace(
        wanted,
        seq=ended.seq + 1,
        restarts=ended.restarts + 1,
        callback_seq=ended.callback_seq + 1,
        due=max(wanted.due, ended.not_before),
        not_before=max(wanted.not_before, ended.not_before),
        etag=ended.etag,
    )


def revive(watch: Watch, revivals: Schedule, now: datetime, draw: float = 0.0) -> Watch:
    """The row of a watch whose ticket failed for good or never came: fenced off from that ticket, and due anew.

    After as many rounds as `revivals` has delays, the row of an abandoned one.
    """
    watch = replace(watch, seq=watch.seq + 1, stepped_by="")
    rounds = len(revivals.delays)
    if watch.revivals >= rounds:
        reason = f"no turn succeeded in {rounds} rounds; before that: {watch.reason or watch.status or 'nothing'}"
        return replace(watch, outcome=Outcome.ABANDONED, reason=reason, ended_at=now)
    due = max(watch.due, now + revivals.delay(watch.revivals, draw))  # reviving is no licence to ask early
    return replace(watch, revivals=watch.revivals + 1, due=due)


def _delay(watch: Watch, seen: Observation, api: RemoteApi, now: datetime, draw: float) -> timedelta:
    match seen:
        case NotYet(until):
            return until - now
        case Fault(retry_after=timedelta() as told):  # 0 is a value: `if retry_after:` would take it for an absence
            return max(told, SOONEST)
        case Fault():
            return api.faults.delay(watch.faults_in_a_row, draw)
        case Report(retry_after=told):
            scheduled = api.polling.delay(0 if _moved(watch, seen) else watch.waits, draw)
            return max(scheduled, told or timedelta(0))


def _take_in(watch: Watch, seen: Observation, now: datetime) -> Watch:
    match seen:
        case NotYet():
            return watch
        case Fault():
            lasts = seen.lasting is not None
            watch = replace(
                watch,
                reason=seen.reason,
                faults=watch.faults + 1,
                throttled=watch.throttled + seen.throttled,
                faults_in_a_row=watch.faults_in_a_row + 1,
                refusals_in_a_row=watch.refusals_in_a_row + 1 if lasts else 0,
                refused_since=(watch.refused_since or now) if lasts else None,
            )
        case Report():
            says_nothing_new = seen.status is None and watch.faults_in_a_row == 0
            watch = replace(
                watch,
                status=watch.status if seen.status is None else seen.status,
                reason=watch.reason if says_nothing_new else seen.reason,
                progress=watch.progress if seen.progress is None else seen.progress,
                validator=watch.validator if seen.validator is None else seen.validator,
                waits=1 if _moved(watch, seen) else watch.waits + 1,
                faults_in_a_row=0,
                refusals_in_a_row=0,
                refused_since=None,
            )
    told = seen.retry_after
    return replace(watch, polls=watch.polls + 1, not_before=watch.not_before if told is None else now + told)


def _moved(watch: Watch, seen: Report) -> bool:
    """Whether the job's percentage changed, which starts the polling schedule over."""
    return seen.progress is not None and seen.progress != watch.progress


def _is_believed(watch: Watch, api: RemoteApi, now: datetime) -> bool:
    return (
        watch.refusals_in_a_row + 1 >= ENOUGH_REFUSALS
        and watch.refused_since is not None
        and now - watch.refused_since >= api.patience
    )


def _why_expired(watch: Watch, seen: Observation) -> str:
    status = (seen.status if isinstance(seen, Report) else None) or watch.status or "without a status"
    match seen:
        case Fault(reason=fault):
            return f"still {status} at the deadline; last fault: {fault}"
        case NotYet():
            return f"still {status} at the deadline, and the API had asked to be left alone until after it"
        case Report():
            return f"still {status} at the deadline"
