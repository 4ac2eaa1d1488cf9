"""Compares what happened with the scenario: the platform's journal, the rows, and the events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from azure.data.tables import TableServiceClient

from local.parts.stack import DIRECT, RESULTS, Stack
from local.trials import told
from local.trials.scenario import Job
from shared.apis import APIS

#: Tolerance for the journal's clock, which rounds down to microseconds.
EPSILON = timedelta(milliseconds=1)

A_SECOND = timedelta(seconds=1)

UNAUTHORIZED = 401

Excuse = Callable[[datetime, datetime], bool]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one watch at the end."""

    watch: Mapping[str, Any]  #: as GET shows it
    rows: Sequence[Mapping[str, Any]]  #: of the results table
    events: Sequence[Mapping[str, Any]]  #: `WatchFinished`, as the ingestion endpoint got them
    requests: Sequence[Mapping[str, Any]]  #: for the job's status, in order
    told: Sequence[Mapping[str, Any]] = ()  #: attempts to send events of the platform about the job: see `told`


def gather(
    stack: Stack, watches: Mapping[str, str], jobs: Sequence[Job], attempts: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Evidence]:
    """Collect the evidence for each job, by its `what`; `watches` maps that to the watch id.

    `attempts` are those to send events, of all jobs.
    """
    with TableServiceClient.from_connection_string(stack.storage, **DIRECT) as tables:
        rows = list(tables.get_table_client(RESULTS).list_entities())
    with stack.app() as app, stack.simulator_control() as platform:
        events = [envelope["data"]["baseData"] for envelope in platform.get("/events").json()["events"]]
        events = [event for event in events if event["name"] != "EventReceived"]
        requests = platform.get("/requests").json()["requests"]
        return {
            job.what: Evidence(
                watch=app.get(f"/watches/{watches[job.what]}").json(),
                rows=[row for row in rows if row["WatchId"] == watches[job.what]],
                events=[event for event in events if event["properties"].get("watchId") == watches[job.what]],
                requests=[request for request in requests if (request["method"], request["path"]) == ("GET", job.path)],
                told=[attempt for attempt in attempts if _is_about(attempt, job)],
            )
            for job in jobs
        }


def _is_about(attempt: Mapping[str, Any], job: Job) -> bool:
    event = APIS[job.api].event
    return event is not None and event.job(attempt) == job.ids


def disagreements(job: Job, found: Evidence) -> Iterator[str]:
    """Yield every deviation."""
    yield from wrong_ends(job, found)
    yield from early_polls(job, found)


def wrong_ends(job: Job, found: Evidence) -> Iterator[str]:
    """Yield what is wrong with the outcome, the rows and the events."""
    watch = found.watch
    if watch["api"] != job.api:
        yield f"the API is {watch['api']}, not {job.api}"
    if watch["outcome"] != job.outcome:
        yield f"ended as {watch['outcome']}, not as {job.outcome}"
    if job.reason not in (watch["reason"] or ""):
        yield f"the reason is {watch['reason']!r}, without {job.reason!r}"
    if job.evidence and list(watch["evidence"]) != list(job.evidence):
        yield f"the evidence is {watch['evidence']}"
    if job.entries is not None and watch["issues"] != job.entries:
        yield f"{watch['issues']} entries of evidence, not {job.entries}"
    if job.progress is not None and watch["progress"] != job.progress:
        yield f"the progress is {watch['progress']}, not {job.progress:g}"
    if job.polls is not None and watch["polls"] != job.polls:
        yield f"{watch['polls']} polls, not {job.polls}"
    yield from _row_disagreements(watch, found.rows)
    yield from _event_disagreements(watch, found.events)


def early_polls(
    job: Job, found: Evidence, least: timedelta = A_SECOND, excused: Excuse = lambda *_: False
) -> Iterator[str]:
    """Yield the polls that came before the previous response's Retry-After, or sooner after it than `least`.

    Tickets are delayed by whole seconds, so polls are at least a second apart, whatever the schedule.  If tickets are
    copied, use the first delay of the API's schedule instead.  `excused` says whether a worker may have lost a
    response between two instants.

    Each event of the platform allows one poll sooner than `least`.  It allows none before the Retry-After, unless it
    came during the turn that was told so: one of the two is for nothing.
    """
    polls = [request for request in found.requests if request["status"] != UNAUTHORIZED]  # a 401 is retried at once
    events = list(told.events(found.told))
    for turn, (before, after) in enumerate(pairwise(polls)):
        answer = job.script[min(turn, len(job.script) - 1)] if job.script else {}
        retry_after = timedelta(seconds=_seconds(answer.get("headers", {})))
        wait = max(least, retry_after)
        one, other = _instant(before["time"]), _instant(after["time"])
        waited = other - one + EPSILON
        if waited >= wait or excused(one, other):
            continue
        woke = [e for e in events if e.allows(one, other) and (waited >= retry_after or e.meets(one))]
        if woke:
            events.remove(woke[0])
        else:
            yield f"polled again after {(other - one).total_seconds():.3f} s instead of {wait.total_seconds():g}"


def _row_disagreements(watch: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(rows) != 1:
        yield f"{len(rows)} rows in {RESULTS}, not 1"
        return
    (row,) = rows
    recorded = (
        row["PartitionKey"],
        row["Outcome"],
        row["Reason"],
        row["Evidence"],
        row["Polls"],
        _instant(row["EndedAt"]),
    )
    reason, evidence = watch["reason"] or "", "\n".join(watch["evidence"])
    if recorded != (watch["api"], watch["outcome"], reason, evidence, watch["polls"], _instant(watch["endedAt"])):
        yield f"the row says {recorded}"


def _event_disagreements(watch: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not events:
        yield "no WatchFinished event"
    for event in events:
        properties, measurements = event["properties"], event["measurements"]
        sent = (event["name"], properties["api"], properties["outcome"], measurements["polls"])
        if sent != ("WatchFinished", watch["api"], watch["outcome"], watch["polls"]):
            yield f"an event says {sent}"


def _seconds(headers: Mapping[str, str]) -> int:
    value = {name.lower(): text for name, text in headers.items()}.get("retry-after", "")
    return int(value) if value.isdigit() and len(value) < 7 else 0  # noqa: PLR2004 -- longer is an error, not a delay


def _instant(text: str | datetime) -> datetime:
    return text if isinstance(text, datetime) else datetime.fromisoformat(text)
