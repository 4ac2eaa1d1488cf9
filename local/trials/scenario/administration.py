"""Jobs about iTwins: their members, and their export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from local.trials.scenario.job import Answer, Job, Start, begun, error, id_of, scripted


def access_control(what: str, script: Sequence[Answer], outcome: str, **more: Any) -> Job:
    """Return an iTwin job of the Access Control API."""
    ids = {"itwinId": "6c9aba19-76f5-4a21-a4df-a8512df2201e", "jobId": id_of(what)}
    path = f"/accesscontrol/itwins/{ids['itwinId']}/jobs/{ids['jobId']}"
    return scripted(what, "access-control", ids, path, script=script, outcome=outcome, **more)


def _status(word: str, **more: Any) -> Answer:
    return {"body": {"id": "j", "itwinId": "t", "status": word, **more}}


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
    access_control("Not ours to see", [error(403, "InsufficientPermissions")], "refused", reason="HTTP 403"),
    access_control("Stopped by a user", [_status("Active")], "stopped", stop_after=timedelta(seconds=5)),
    begun("iTwins exported", "itwins-export", Start(path="/itwins/exports"), "succeeded", seconds=6),
)
