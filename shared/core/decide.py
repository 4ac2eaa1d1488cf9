"""The heart: what becomes of a watch, given what was just seen.

Rule 1: every choice about a watch's future is made here.  What limits all watches together is in `rate_limit`, and what
becomes of a callback in `callback`.
Rule 2: no I/O, no clock, no randomness: the caller brings `now` and the jitter `draw`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.core.model import (
    Decision,
    End,
    EvidencePage,
    Fault,
    Finish,
    GatherEvidence,
    NotYet,
    Observation,
    Outcome,
    Report,
    RequeueAfter,
    Watch,
)
from shared.core.rate_limit import Clearance
from shared.core.remote import RemoteApi
from shared.core.schedule import Schedule

#: The fields of a watch that a turn changes.  It is copied once, since a copy takes a three-hundredth of a turn.
Changes = dict[str, Any]

#: Refusals in a row, over at least the API's `patience`, before we believe them: a job may not be visible at once.
ENOUGH_REFUSALS = 5

#: How much evidence is worth: pages read, failed attempts in a row, and the longest wait for one.  After that the watch
#: ends without it.
MOST_PAGES, ENOUGH_ATTEMPTS, LONGEST_EVIDENCE_WAIT = 20, 4, timedelta(minutes=15)

#: Entries of the evidence that are kept; all are counted.
MOST_ENTRIES = 20

#: A watch that a gate holds back looks again after this long at most, since an operator may have lifted it.  What the
#: API told a watch about all of them is kept on its row for no longer either: the gate knows the rest.
LOOKS_AGAIN = timedelta(minutes=15)

#: Over how long, at most, those come back that an API told to wait: its date may be the same for all of them.
COMES_BACK_WITHIN = timedelta(minutes=1)

#: Events that a watch remembers.  A job has one or two; one that is sent again after more costs one early turn.
MOST_EVENTS = 8

#: When a watch without a turn gets the next: later each round, and spread, since many may wait for the same thing.
#: After the last round it is abandoned, two to four days after its last turn.
REVIVAL_DELAYS = Schedule.seconds(60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, jitter=1.0)


def not_yet(watch: Watch, now: datetime) -> NotYet | None:
    """Whether it is too early to ask: tickets may come early, and an API's Retry-After outlasts our deadline."""
    until = max(watch.due, watch.not_before)
    return NotYet(until) if now < until else None


def rate_limited(clearance: Clearance, draw: float) -> NotYet | None:
    """Whether a rate limit is in the way.  Those that it holds back are spread: they do not all return at once."""
    if clearance.wait_until is None:
        return None
    return NotYet(clearance.wait_until + clearance.spread * draw, by_gate=True)


def decide(
    watch: Watch,
    seen: Observation,
    api: RemoteApi,
    now: datetime,
    draw: float,
    *,
    spacing: timedelta,
) -> Decision:
    """Finish the watch or requeue it.

    An ended job ends the watch even past the deadline, once its evidence is gathered.  Progress and faults have
    separate schedules.  A Retry-After replaces the schedule of a fault, but not its first step: it may shorten a long
    backoff, and is no licence to storm.  On a report the longer of the two counts.  A watch that was delayed falls back
    into its rhythm.
    `spacing` is the least time between two turns of a watch that keeps all watches within a rate limit.  The last turn
    falls on the deadline, never after it.
    """
    wait = _spaced(_delay(watch, seen, api, now, draw), watch, seen, draw, spacing)
    if watch.verdict is not None:
        return _gather_evidence(watch, watch.verdict, seen, wait, now)
    match seen:
        case Report(outcome=Outcome() as outcome, reason=reason, wants_evidence=True, evidence_at=link):
            return GatherEvidence(outcome, reason, link)
        case Report(outcome=Outcome() as outcome, reason=reason):
            return Finish(outcome, reason)
        case Fault(lasting=Outcome() as outcome) if _is_believed(watch, api, now):
            return Finish(outcome, _why_refused(watch, seen, outcome, api, now))
    if now >= watch.deadline:
        return Finish(Outcome.EXPIRED, _why_expired(watch, seen))
    return RequeueAfter(min(_looking_again(wait, seen, draw), watch.deadline - now))


def advance(watch: Watch, seen: Observation, decision: Decision, now: datetime, message_id: str) -> Watch:
    """The row after this step."""
    changes = {**_observed(watch, seen, now), **_decided(decision, now)}
    return replace(watch, **changes, seq=watch.seq + 1, stepped_by=message_id, revivals=0)


def _decided(decision: Decision, now: datetime) -> Changes:
    match decision:
        case RequeueAfter(delay):
            return {"due": now + delay}
        case GatherEvidence(verdict, reason, evidence_at):
            return {"verdict": verdict, "reason": reason, "evidence_at": evidence_at, "due": now}
        case Finish(outcome, reason):
            return {"end": End(outcome, now), "reason": reason}


def stop(watch: Watch, now: datetime) -> Watch:
    """The row of a watch that a user stops: its ticket is fenced off, and no message took the step.

    A job whose end is known ends as the API said.
    """
    known = watch.verdict is not None
    return replace(
        watch,
        seq=watch.seq + 1,
        stepped_by="",
        end=End(watch.verdict or Outcome.STOPPED, now),
        reason=_joined(watch.reason, "stopped before the evidence was read") if known else "stopped on request",
        # stopping is no licence to ask early either, once it starts again; our own delays after errors do not count
        not_before=watch.not_before if watch.revivals else max(watch.not_before, watch.due),
        due=min(watch.due, now),  # overdue at once, so that `tend_watches` publishes the end if this stop dies first
    )


def restart(ended: Watch, wanted: Watch, api: RemoteApi) -> Watch:
    """The row of an ended watch that starts again.  Sequence numbers continue, so stale tickets stay fenced off.

    The pace of the API still holds: a Retry-After, and the first step of the polling schedule after the last request;
    or, if the watch was stopped, what it was waiting for.
    """
    not_before = ended.not_before
    if ended.end is not None and ended.outcome is not Outcome.STOPPED:
        not_before = max(not_before, ended.end.at + api.polling.delay(0))
    return replace(
        wanted,
        seq=ended.seq + 1,
        restarts=ended.restarts + 1,
        woken_by=ended.woken_by,  # an event that is sent again tells of the job's earlier end
        due=max(wanted.due, not_before),
        not_before=max(wanted.not_before, not_before),
        etag=ended.etag,
        unknown=ended.unknown,
    )


def wake(watch: Watch, event: str, now: datetime) -> Watch | None:
    """The row of a watch that an event of the platform wakes: its ticket is fenced off, and it is due now.

    Never before the API wants to be asked, though.  The event, a hash, took the step; it wakes once.  The polling
    schedule starts over: the platform may tell of an end before the job's status does.  None when nothing is to be
    asked: the watch has ended, or knows how its job did, or was woken by this event.
    """
    if watch.end is not None or watch.verdict is not None or event in watch.woken_by:
        return None
    return replace(
        watch,
        seq=watch.seq + 1,
        stepped_by=event,
        due=min(watch.due, max(now, watch.not_before)),
        scheduled_at=None,
        waits=0,
        woken_at=now,
        woken_by=(*watch.woken_by, event)[-MOST_EVENTS:],
    )


def revive(watch: Watch, delays: Schedule, now: datetime, draw: float) -> Watch:
    """The row of a watch whose ticket failed for good or never came: that ticket is fenced off, and it is due again.

    After the last delay the watch ends: with its verdict, or else as abandoned.
    """
    watch = replace(watch, seq=watch.seq + 1, stepped_by="")
    rounds = len(delays.delays)
    if watch.revivals >= rounds:
        reason = f"no turn succeeded in {rounds} rounds; before that: {watch.reason or watch.status or 'nothing'}"
        return replace(watch, end=End(watch.verdict or Outcome.ABANDONED, now), reason=reason)
    due = max(watch.due, now + delays.delay(watch.revivals, draw))  # reviving is no licence to ask early
    return replace(watch, revivals=watch.revivals + 1, due=due)


def _gather_evidence(watch: Watch, verdict: Outcome, seen: Observation, wait: timedelta, now: datetime) -> Decision:
    """Gather more evidence, or finish without: the job's end is certain, and must not wait for its reasons."""
    match seen:
        case EvidencePage(next_page=page) if page and watch.pages + 1 < MOST_PAGES:
            return GatherEvidence(verdict, watch.reason, page)
        case EvidencePage(next_page=page, complete=complete):
            more = "" if complete and not page else "there is more evidence than was read"
            return Finish(verdict, _joined(watch.reason, more))
    tried = isinstance(seen, Fault) and watch.faults_in_a_row + 1 >= ENOUGH_ATTEMPTS
    if tried or wait > LONGEST_EVIDENCE_WAIT or now + wait > watch.deadline:
        why_not = seen.reason if isinstance(seen, Fault) else "a Retry-After or the rate limit held it back"
        return Finish(verdict, _joined(watch.reason, f"the evidence could not be had: {why_not}"))
    return RequeueAfter(wait)


def _looking_again(wait: timedelta, seen: Observation, draw: float) -> timedelta:
    """Shorten a long wait that concerns all watches; spread, since they were all held back at once."""
    by_gate = isinstance(seen, NotYet | Fault) and seen.by_gate
    return LOOKS_AGAIN * (1 + draw) if by_gate and wait > 2 * LOOKS_AGAIN else wait


def _spaced(wait: timedelta, watch: Watch, seen: Observation, draw: float, spacing: timedelta) -> timedelta:
    """Leave room for the other watches."""
    if isinstance(seen, Fault) and seen.throttled:  # all who were throttled come back: not all at once
        return wait + spacing * draw
    if isinstance(seen, Fault) and seen.retry_after is not None:  # as may all who are told to
        return wait + min(wait, COMES_BACK_WITHIN) * draw
    return wait if isinstance(seen, NotYet) or watch.verdict is not None else max(wait, spacing)


def _delay(watch: Watch, seen: Observation, api: RemoteApi, now: datetime, draw: float) -> timedelta:
    match seen:
        case NotYet(until):
            return until - now
        case Fault(retry_after=timedelta() as asked):  # 0 is a value: `if retry_after:` would take it for an absence
            return max(asked, api.faults.delay(0))
        case Report(retry_after=asked):
            scheduled = _scheduled(0 if _moved(watch, seen) else watch.waits, watch, api, draw)
            return max(_in_rhythm(scheduled, watch, api, now), asked or timedelta(0))
    return api.faults.delay(watch.faults_in_a_row, draw)


def _scheduled(turn: int, watch: Watch, api: RemoteApi, draw: float) -> timedelta:
    """The wait after a report.  After an event a slow schedule begins as the API wants: the status may lag behind."""
    scheduled, soon = api.polling.delay(turn, draw), api.after_event
    if soon is None or watch.woken_at is None or turn >= len(soon.delays):
        return scheduled
    return min(scheduled, soon.delay(turn, draw))


def _in_rhythm(scheduled: timedelta, watch: Watch, api: RemoteApi, now: datetime) -> timedelta:
    """Shorten the wait after a report that came late, so that a fault or a rate limit slows a watch down only once.

    The wait is never shorter than the first step of the schedule.  Watches that were held back together keep their
    distance, since each falls back into its own rhythm.
    """
    if watch.scheduled_at is None or now <= watch.scheduled_at or not scheduled:
        return scheduled
    late = (now - watch.scheduled_at) % scheduled
    return max(scheduled - late, min(api.polling.delay(0), scheduled))


def _observed(watch: Watch, seen: Observation, now: datetime) -> Changes:
    match seen:
        case NotYet():
            return {"scheduled_at": watch.scheduled_at or watch.due}
        case Fault():
            changes = _faulted(watch, seen, now)
        case EvidencePage():
            changes = {"pages": watch.pages + 1, "faults_in_a_row": 0, "failing": "", **_issues(watch, seen.entries)}
        case Report():
            changes = {**_reported(watch, seen), **_issues(watch, seen.evidence)}
    polls = watch.polls + (watch.verdict is None)  # what is asked after the end is no poll
    return {**changes, "polls": polls, "not_before": _not_before(watch, seen, now)}


def _faulted(watch: Watch, fault: Fault, now: datetime) -> Changes:
    lasts = fault.lasting is not None
    return {
        "scheduled_at": watch.scheduled_at or watch.due,
        "reason": fault.reason if watch.verdict is None else watch.reason,
        "failing": watch.failing if fault.failing is None else fault.failing,
        "faults": watch.faults + 1,
        "throttled": watch.throttled + fault.throttled,
        "faults_in_a_row": watch.faults_in_a_row + 1,
        "refusals_in_a_row": watch.refusals_in_a_row + 1 if lasts else 0,
        "refused_since": (watch.refused_since or now) if lasts else None,
    }


def _reported(watch: Watch, report: Report) -> Changes:
    says_nothing_new = report.status is None and not report.reason and watch.faults_in_a_row == 0
    return {
        "scheduled_at": None,
        "status": watch.status if report.status is None else report.status,
        "reason": watch.reason if says_nothing_new else report.reason,
        "progress": _progress(watch, report),
        "validator": watch.validator if report.validator is None else report.validator,
        "waits": 1 if _moved(watch, report) else watch.waits + 1,
        "failing": report.failing or "",
        "faults_in_a_row": 0,
        "refusals_in_a_row": 0,
        "refused_since": None,
    }


def _not_before(watch: Watch, seen: Report | Fault | EvidencePage, now: datetime) -> datetime:
    if seen.retry_after is None:
        return watch.not_before
    by_gate = isinstance(seen, Fault) and seen.by_gate
    return now + (min(seen.retry_after, LOOKS_AGAIN) if by_gate else seen.retry_after)


def _issues(watch: Watch, entries: tuple[str, ...]) -> Changes:
    """Keep the first entries, each once, and count all."""
    if not entries:  # as with most reports
        return {}
    kept = tuple(dict.fromkeys(watch.evidence + entries))[:MOST_ENTRIES]
    return {"evidence": kept, "issues": watch.issues + len(entries)}


def _progress(watch: Watch, seen: Report) -> float | None:
    """Return the last percentage, unless the job is done and no longer has one: "succeeded, 50 %" would be wrong."""
    if seen.progress is None and seen.outcome in {Outcome.SUCCEEDED, Outcome.PARTIAL}:
        return None
    return watch.progress if seen.progress is None else seen.progress


def _moved(watch: Watch, seen: Report) -> bool:
    """Whether the job's percentage changed, which starts the polling schedule over."""
    return seen.progress is not None and seen.progress != watch.progress


def _is_believed(watch: Watch, api: RemoteApi, now: datetime) -> bool:
    return (
        watch.refusals_in_a_row + 1 >= ENOUGH_REFUSALS
        and watch.refused_since is not None
        and now - watch.refused_since >= api.patience
    )


def _why_refused(watch: Watch, fault: Fault, outcome: Outcome, api: RemoteApi, now: datetime) -> str:
    """What the answer leaves open: a 404 may mean a job that is gone, or one that we were never shown."""
    if outcome is not Outcome.LOST:
        return fault.reason
    if not watch.status:
        return _joined(fault.reason, "never seen: is the id right, and the service application a member of the iTwin?")
    if api.retention and now - watch.started_at >= api.retention:
        since = f"its record is kept for {api.retention.days} days"
    else:
        since = "since then it was deleted, or the service application lost its access"
    return _joined(fault.reason, f"it was {watch.status} when last seen: {since}")


def _joined(reason: str, more: str) -> str:
    return f"{reason} ({more})" if reason and more else reason or more


def _why_expired(watch: Watch, seen: Observation) -> str:
    status = (seen.status if isinstance(seen, Report) else None) or watch.status or "without a status"
    match seen:
        case Fault(reason=fault):
            return f"still {status} at the deadline; last fault: {fault}"
        case NotYet():
            return f"still {status} at the deadline; a Retry-After or the rate limit delayed the last poll"
    return f"still {status} at the deadline"
