"""Jobs of Reporting, Grouping & Mapping, and Carbon Calculation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local.trials.scenario.job import Answer, Job, Start, begun, error, id_of, named, scripted

EXTRACTIONS = "/grouping-and-mapping/datasources/imodel-mappings/extractions"
CARBON = "/insights/carbon-calculation"


def reporting(what: str, script: Sequence[Answer], outcome: str, **more: Any) -> Job:
    """Return a Reporting extraction."""
    ids = {"jobId": id_of(what)}
    path = f"/insights/reporting/datasources/extraction/status/{ids['jobId']}"
    return scripted(what, "reporting", ids, path, script=script, outcome=outcome, **more)


def logs(what: str, *pages: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[Answer]]:
    """Script the log of an extraction.  As on the platform, links to further pages end with a slash."""
    path = f"/insights/reporting/datasources/extraction/status/{id_of(what)}/logs"
    links = [{"next": {"href": f"{path}/?$top=1000&$continuationToken={page}"}} for page in range(1, len(pages))]
    first, *others = [{"body": {"logs": page, "_links": link}} for page, link in zip(pages, [*links, {}], strict=True)]
    return {path: [first], f"{path}/": others} if others else {path: [first]}


def _extraction(state: str, reason: str = "", **more: Any) -> Answer:
    return {"body": {"status": {"state": state, "reason": reason, **more}}}


def _issue(category: str, message: str) -> Mapping[str, Any]:
    return {"level": "Warning", "category": category, "message": message, "containsIssues": True}


def _step(state: str) -> Mapping[str, Any]:
    return {"state": state, "level": "Information", "category": "Unknown", "message": None, "containsIssues": False}


JOBS: Sequence[Job] = (
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
            error(429, "TooManyRequests", **{"retry-after": "4"}),
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
    begun(
        "Mappings extracted",
        "grouping-and-mapping",
        Start(path=EXTRACTIONS, linked=True),
        "succeeded",
        seconds=6,
    ),
    named(
        "A log of three pages",
        "grouping-and-mapping",
        f"{EXTRACTIONS}/a-log-of-three-pages",  # 250 entries, of which five are issues
        "partial",
        seconds=5,
        evidence=["Warning: GroupQuery: iModel eacc0569-90bf-5257-bfdd-f10077947969 has 0 mappings."],  # five times
        entries=5,
    ),
    begun(
        "Carbon without a column",
        "carbon-ec3",
        Start(path=f"{CARBON}/ec3/jobs", linked=True),
        "failed",
        seconds=6,
        ends="Failed",
        reason="The report has no column for the material.",
        evidence=["The report has no column for the material."],
    ),
    begun(
        "Sent to One Click LCA",
        "carbon-oneclicklca",
        Start(path=f"{CARBON}/oneclicklca/jobs", linked=True),
        "succeeded",
        seconds=6,
    ),
)
