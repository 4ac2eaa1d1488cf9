"""Operations of Schedules, and uploads to the Library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from local.trials.scenario.job import Answer, Job, Start, begun, id_of, scripted


def schedules(what: str, script: Sequence[Answer], outcome: str, schedule: str = "bridge", **more: Any) -> Job:
    """Return an operation of the Schedules API."""
    ids = {"scheduleId": schedule, "operationId": id_of(what)}
    path = f"/schedules/{quote(schedule, safe='')}/operations/{ids['operationId']}"
    return scripted(what, "schedules", ids, path, script=script, outcome=outcome, **more)


def _operation(status: str, percent: float, failure: str | None = None, etag: str = "") -> Answer:
    operation = {"status": status, "percentComplete": percent, "failureDescription": failure}
    return {"body": {"operation": operation}, "headers": {"ETag": etag} if etag else {}}


JOBS: Sequence[Job] = (
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
    begun(
        "Component uploaded",
        "library",
        Start(path="/library/upload", linked=True),  # by a link to /Library, with a capital L
        "succeeded",
        seconds=8,
        progress=100,
    ),
)
