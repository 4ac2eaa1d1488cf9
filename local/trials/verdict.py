"""Whether what happened is what the scenario says must happen: the platform's journal, the rows, and the events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from azure.data.tables import TableServiceClient

from local.parts.stack import RESULTS, Stack
from local.trials.scenario import Job

#: What a real clock, rounded down to the journal's microseconds, may be off by.
EPSILON = timedelta(milliseconds=1)

A_SECOND = timedelta(seconds=1)

UNAUTHORIZED = 401

Excuse = Callable[[datetime, datetime], bool]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one watch when all is over."""

    watch: Mapping[str, Any]  #: as GET shows it
    rows: Sequence[Mapping[str, Any]]  #: of the results table
    events: Sequence[Mapping[str, Any]]  #: `WatchFinished`, as the ingestion endpoint got them
    requests: Sequence[Mapping[str, Any]]  #: for the job's status, in order


def gather(stack: Stack, watches: Mapping[str, str], jobs: Sequence[Job]) -> dict[str, Evidence]:
    """Collect the evidence for each job by its `what`; `watches` are their watch ids."""
    with TableServiceClient.from_connection_string(stack.storage) as tables:
        rows = list(tables.get_table_client(RESULTS).list_entities())
    with stack.app() as app, stack.behind_the_platform() as platform:
        events = [envelope["data"]["baseData"] for envelope in platform.get("/events").json()["events"]]
        requests = platform.get("/requests").json()["requests"]
        return {
            job.what: Evidence(
                watch=app.get(f"/watches/{watches[job.what]}").json(),
                rows=[row for row in rows if row["WatchId"] == watches[job.what]],
                events=[event for event in events if event["properties"].get("watchId") == watches[job.what]],
                requests=[request for request in requests if request["path"] == job.path],
            )
            for job in jobs
        }


def disagreements(job: Job, found: Evidence) -> Iterator[str]:
    """Say everything that is not as it must be."""
    yield from wrong_ends(job, found)
    yield from early_polls(job, found)


def wrong_ends(job: Job, found: Evidence) -> Iterator[str]:
    """Say what is wrong with how the watch ended, its rows and its events."""
    watch = found.watch
    if watch["outcome"] != job.outcome:
        yield f"ended as {watch['outcome']}, not as {job.outcome}"
    if job.reason not in (watch["reason"] or ""):
        yield f"the reason is {watch['reason']!r}, without {job.reason!r}"
    if job.evidence and list(watch["evidence"]) != list(job.evidence):
        yield f"the evidence is {watch['evidence']}"
    if job.polls is not None and watch["polls"] != job.polls:
        yield f"{watch['polls']} polls, not {job.polls}"
    yield from _row_disagreements(watch, found.rows)
    yield from _event_disagreements(watch, found.events)


def early_polls(
    job: Job, found: Evidence, least: timedelta = A_SECOND, excused: Excuse = lambda *_: False
) -> Iterator[str]:
    """Say which polls came before the Retry-After of the answer before, or sooner after it than `least`.

    Tickets sleep for whole seconds, so a second is the least between two polls, whatever their schedule says; unless
    tickets are copied.  Then it is the first delay of the API's schedule.  `excused` tells of two instants whether
    something between them may have made a worker forget that answer.
    """
    polls = [request for request in found.requests if request["status"] != UNAUTHORIZED]  # may ask at once after a 401
    for turn, (before, after) in enumerate(pairwise(polls)):
        answer = job.script[min(turn, len(job.script) - 1)]
        told = max(least, timedelta(seconds=_seconds(answer.get("headers", {}))))
        one, other = _instant(before["time"]), _instant(after["time"])
        if other - one + EPSILON < told and not excused(one, other):
            yield f"asked again after {(other - one).total_seconds():.3f} s, not {told.total_seconds():g}"


def _row_disagreements(watch: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(rows) != 1:
        yield f"{len(rows)} rows in {RESULTS}, not 1"
        return
    (row,) = rows
    told = (row["PartitionKey"], row["Outcome"], row["Reason"], row["Evidence"], row["Polls"], _instant(row["EndedAt"]))
    reason, evidence = watch["reason"] or "", "\n".join(watch["evidence"])
    if told != (watch["api"], watch["outcome"], reason, evidence, watch["polls"], _instant(watch["endedAt"])):
        yield f"the row says {told}"


def _event_disagreements(watch: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not events:
        yield "no WatchFinished event"
    for event in events:
        properties, measurements = event["properties"], event["measurements"]
        told = (event["name"], properties["api"], properties["outcome"], measurements["polls"])
        if told != ("WatchFinished", watch["api"], watch["outcome"], watch["polls"]):
            yield f"an event says {told}"


def _seconds(headers: Mapping[str, str]) -> int:
    told = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    return int(told) if told.isdigit() and len(told) < 7 else 0  # noqa: PLR2004 -- more is a mistake, and no wait


def _instant(text: str | datetime) -> datetime:
    return text if isinstance(text, datetime) else datetime.fromisoformat(text)
