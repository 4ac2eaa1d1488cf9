"""What a plan asks of the app's own code: to begin a watch, to give it a turn, to say how it stands.

Nothing else in `local.plan` knows `Watch`.  Left out is what a plan has no use for: rows, tickets, the network.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared.core.decide import advance, decide, not_yet, rate_limited, wake
from shared.core.model import EvidencePage, Fault, Observation, Outcome, Report, Watch
from shared.core.rate_limit import Clearance
from shared.core.remote import RemoteApi
from shared.engine.ports import Gate

#: Second 0 of a plan: midnight, before a Monday.
BEGINNING = datetime(2026, 1, 5, tzinfo=UTC)


def instant(seconds: float) -> datetime:
    """Say when so many seconds have gone by.

    >>> instant(90.5).isoformat()
    '2026-01-05T00:01:30.500000+00:00'
    """
    return BEGINNING + timedelta(seconds=seconds)


def begin(api: RemoteApi, now: datetime, wait: timedelta) -> Watch:
    """Begin a watch, whose first turn comes after `wait`."""
    deadline = now + api.lifetime
    due = min(now + wait, deadline)
    return Watch(id="", api=api.name, job={}, started_at=now, deadline=deadline, due=due, not_before=now)


async def turn(
    watch: Watch,
    api: RemoteApi,
    *,
    gate: Gate,
    ask: Callable[[Watch], Observation],
    now: datetime,
    draw: Callable[[], float],
) -> Watch:
    """Give a watch its turn, in the steps of `shared.engine.poller`; `ask` gives what the platform answers."""
    clearance = Clearance()
    seen: Observation | None = not_yet(watch, now)
    if seen is None:
        clearance = await gate.acquire(api.name, api.polling.delay(watch.waits))
        seen = rate_limited(clearance, draw())
    if seen is None:
        seen = ask(watch)
        if isinstance(seen, Fault) and seen.retry_after is not None:
            clearance = await gate.refused(api.name, now, seen.retry_after)
    decision = decide(watch, seen, api, now, draw(), spacing=clearance.spacing)
    return advance(watch, seen, decision, now, "")


def seq(watch: Watch) -> int:
    """Give the number of the one ticket that may give it a turn; the rule is that of `shared.engine.deliver`."""
    return watch.seq


def woken(watch: Watch, now: datetime) -> Watch | None:
    """Wake a watch by the one event of its job; None if there is nothing to ask."""
    return wake(watch, "event", now)


def is_over(watch: Watch) -> bool:
    """Whether the watch has ended."""
    return watch.end is not None


def has_expired(watch: Watch) -> bool:
    """Whether it has ended since its deadline passed."""
    return watch.outcome is Outcome.EXPIRED


def knows_the_end(watch: Watch) -> bool:
    """Whether the watch knows that its job has ended, and asks why."""
    return watch.verdict is not None


def line(before: Watch, after: Watch) -> str:
    """Name what the app logs of a turn, beside an end: `watch.moved`, `watch.faulted` or nothing."""
    if is_over(after):
        return ""
    if after.status != before.status:
        return "moved"
    return "faulted" if after.faults_in_a_row == 1 > before.faults_in_a_row else ""


def running(api: RemoteApi, status: str, percent: float) -> Observation:
    """What is seen of a job that runs."""
    return Report(status=status, progress=percent if api.progress_at else None)


def ended(api: RemoteApi, *, clean: bool) -> Observation:
    """What is seen of a job that has ended."""
    if clean:
        return Report(status="succeeded", outcome=Outcome.SUCCEEDED)
    wants_evidence = api.evidence is not None and bool(api.evidence.path)
    return Report(status="failed", outcome=Outcome.FAILED, wants_evidence=wants_evidence)


def told_why() -> Observation:
    """What is seen by a watch that asks why: one page says it all."""
    return EvidencePage()


def refused(wait: timedelta) -> Observation:
    """What is seen by a watch that meets the platform's limit."""
    return Fault(reason="HTTP 429", throttled=True, retry_after=wait)
