"""The jobs of ``python3 -m local run``: the platform's scripted responses, and the expected outcome of each watch.

Delays are a tenth of the real ones (`SETTINGS`), so that everything ends within a minute.  Retry-After is not scaled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

SETTINGS = {"WAIT_SCALE": "0.1"}

Answer = Mapping[str, Any]  #: one entry of a script for `POST /_sim/jobs`


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job to watch."""

    what: str  #: its name, for people
    api: str
    ids: Mapping[str, str]
    path: str  #: its status path
    script: Sequence[Answer]  #: the last response repeats
    outcome: str  #: expected outcome of the watch
    reason: str = ""  #: expected part of the reason
    documents: Mapping[str, Sequence[Answer]] = field(default_factory=dict)  #: scripts of other paths, by path
    evidence: Sequence[str] = ()  #: expected evidence
    polls: int | None = None  #: expected number, if certain
    by_url: bool = False  #: start with the status URL instead of the ids
    deadline: str | None = None
    stop_after: timedelta | None = None  #: when to DELETE the watch
    labels: Sequence[str] = field(default_factory=tuple)


def access_control(what: str, script: Sequence[Answer], outcome: str, **more: Any) -> Job:
    """Return an iTwin job of the Access Control API."""
    ids = {"itwinId": "6c9aba19-76f5-4a21-a4df-a8512df2201e", "jobId": _id(what)}
    path = f"/accesscontrol/itwins/{ids['itwinId']}/jobs/{ids['jobId']}"
    return Job(what=what, api="access-control", ids=ids, path=path, script=script, outcome=outcome, **more)


def reality_analysis(what: str, script: Sequence[Answer], outcome: str, **more: Any) -> Job:
    """Return a Reality Analysis job."""
    ids = {"jobId": _id(what)}
    path = f"/realitydataanalysis/jobs/{ids['jobId']}/progress"
    return Job(what=what, api="reality-analysis", ids=ids, path=path, script=script, outcome=outcome, **more)


def reporting(what: str, script: Sequence[Answer], outcome: str, **more: Any) -> Job:
    """Return a Reporting extraction."""
    ids = {"jobId": _id(what)}
    path = f"/insights/reporting/datasources/extraction/status/{ids['jobId']}"
    return Job(what=what, api="reporting", ids=ids, path=path, script=script, outcome=outcome, **more)


def schedules(what: str, script: Sequence[Answer], outcome: str, schedule: str = "bridge", **more: Any) -> Job:
    """Return an operation of the Schedules API."""
    ids = {"scheduleId": schedule, "operationId": _id(what)}
    path = f"/schedules/{quote(schedule, safe='')}/operations/{ids['operationId']}"
    return Job(what=what, api="schedules", ids=ids, path=path, script=script, outcome=outcome, **more)


def details(what: str, *errors: Mapping[str, Any]) -> Mapping[str, Sequence[Answer]]:
    """Script the details of a Reality Analysis job."""
    body = {"job": {"id": _id(what), "executionInformation": {"errors": errors, "warnings": []}}}
    return {f"/realitydataanalysis/jobs/{_id(what)}": [{"body": body}]}


def logs(what: str, *pages: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[Answer]]:
    """Script the log of an extraction.  As on the platform, links to further pages end with a slash."""
    path = f"/insights/reporting/datasources/extraction/status/{_id(what)}/logs"
    links = [{"next": {"href": f"{path}/?$top=1000&$continuationToken={page}"}} for page in range(1, len(pages))]
    first, *others = [{"body": {"logs": page, "_links": link}} for page, link in zip(pages, [*links, {}], strict=True)]
    return {path: [first], f"{path}/": others} if others else {path: [first]}


def _id(what: str) -> str:
    return "-".join(what.lower().split())


def _status(word: str, **more: Any) -> Answer:
    return {"body": {"id": "j", "itwinId": "t", "status": word, **more}}


def _progress(state: str, percentage: float, step: str = "") -> Answer:
    return {"body": {"progress": {"percentage": percentage, "state": state, "step": step}}}


def _extraction(state: str, reason: str = "", **more: Any) -> Answer:
    return {"body": {"status": {"state": state, "reason": reason, **more}}}


def _issue(category: str, message: str) -> Mapping[str, Any]:
    return {"level": "Warning", "category": category, "message": message, "containsIssues": True}


def _step(state: str) -> Mapping[str, Any]:
    return {"state": state, "level": "Information", "category": "Unknown", "message": None, "containsIssues": False}


def _operation(status: str, percent: float, failure: str | None = None, etag: str = "") -> Answer:
    operation = {"status": status, "percentComplete": percent, "failureDescription": failure}
    return {"body": {"operation": operation}, "headers": {"ETag": etag} if etag else {}}


def _error(status: int, code: str, **headers: str) -> Answer:
    return {"status": status, "headers": headers, "body": {"error": {"code": code, "message": "As documented."}}}


JOBS: Sequence[Job] = (
    access_control(
        "Members added",
        [_status("Active"), _status("Active"), _status("Completed")],
        "succeeded",
        polls=3,
        labels=["nightly", "bridge"],
    ),
    access_control(
        "Some members unknown",
        [
            _status("Active"),
            _status(
                "PartialCompleted", errors=[{"code": "UserNotFound", "message": "No such user.", "target": "a@b.c"}]
            ),
        ],
        "partial",
        reason="UserNotFound: No such user. (a@b.c)",
        evidence=["UserNotFound: No such user. (a@b.c)"],
        polls=2,
    ),
    access_control("A new status word", [_status("Archiving"), _status("COMPLETED")], "succeeded", polls=2),
    access_control("Not ours to see", [_error(403, "InsufficientPermissions")], "refused", reason="HTTP 403"),
    access_control("Stopped by a user", [_status("Active")], "stopped", stop_after=timedelta(seconds=5)),
    reality_analysis(
        "Photos aligned",
        [
            _progress("unsubmitted", 0),
            _progress("active", 7, "Prepare_Production"),
            _progress("active", 56, "Production"),
            _progress("active", 93, "Production"),
            _progress("success", 100),
        ],
        "succeeded",
        polls=5,
        by_url=True,
    ),
    reality_analysis(
        "Out of memory",
        [_progress("active", 56), _progress("failed", 56, "Production")],
        "failed",
        reason="Production",
        documents=details("Out of memory", {"code": "E7", "title": "Memory", "message": "Not enough.", "params": []}),
        evidence=["E7: Memory: Not enough."],
        polls=2,
    ),
    reality_analysis(
        "Cancelled",
        [_progress("active", 3), _progress("cancelled", 3)],
        "cancelled",
        documents=details("Cancelled"),
        polls=2,
    ),
    reality_analysis("Deleted", [_error(404, "ProgressNotFound")], "lost", reason="HTTP 404 ProgressNotFound"),
    reality_analysis(
        "Never submitted",
        [_progress("unsubmitted", 0)],
        "expired",
        reason="still unsubmitted at the deadline",
        deadline="PT15S",
    ),
    reporting(
        "Extraction with issues",
        [
            _extraction("Queued"),
            _extraction("Running", "Not completed yet."),
            _extraction("Succeeded", "Completed", containsIssues=True),
        ],
        "partial",
        documents=logs(
            "Extraction with issues",
            [_issue("GroupQuery", "iModel a5c26c0b has 0 mappings."), _step("Running")],
            [_issue("QueryExecution", "No such column."), _step("Queued")],
        ),
        evidence=["Warning: GroupQuery: iModel a5c26c0b has 0 mappings.", "Warning: QueryExecution: No such column."],
        polls=3,
    ),
    reporting(
        "Throttled",
        [
            _extraction("Running"),
            _error(429, "TooManyRequests", **{"retry-after": "4"}),
            _extraction("Succeeded", "Completed"),
        ],
        "succeeded",
        polls=3,
    ),
    reporting(
        "A bad day at the platform",
        [
            {"status": 502, "body": "<html><h1>Bad Gateway</h1></html>"},
            {"drop": True},
            {"body": '{"status": {"state": "Succ'},
            _extraction("Failed", "Query failed."),
        ],
        "failed",
        reason="Query failed. (the evidence could not be had: HTTP 500)",
        documents={
            "/insights/reporting/datasources/extraction/status/a-bad-day-at-the-platform/logs": [{"status": 500}]
        },
        polls=4,
    ),
    schedules(
        "Nothing new for a while",
        [
            _operation("Queued", 0, etag='W/"1"'),
            {"status": 304, "headers": {"ETag": 'W/"1"'}},
            {"status": 304, "headers": {"ETag": 'W/"1"'}},
            _operation("Succeeded", 100, etag='W/"2"'),
        ],
        "succeeded",
        polls=4,
    ),
    schedules(
        "Failed at 100 per cent",
        [_operation("Unknown", 0), _operation("Started", 50), _operation("Failed", 100, "No such task.")],
        "failed",
        reason="No such task.",
        evidence=["No such task."],
        polls=3,
    ),
    schedules(
        "An id with a slash",
        [_operation("Started", 10), _operation("Succeeded", 100)],
        "succeeded",
        schedule="north/south 50%",
        polls=2,
        by_url=True,
    ),
)
