"""Jobs of the first generation of Reality Analysis, Reality Conversion and Reality Modeling (contextcapture).

https://developer.bentley.com/apis/realitydataanalysis/operations/jobs-progress
https://developer.bentley.com/apis/realityconversion/operations/jobs-progress
https://developer.bentley.com/apis/contextcapture/operations/jobs-get

All three create a job `unsubmitted`; a PATCH starts it.  Reality Modeling tells the verdict in the job alone: its
progress says `Over` for any end.
"""

from __future__ import annotations

from collections.abc import Callable

from local.simulator.apis.api import Api, Document
from local.simulator.apis.event import Event
from local.simulator.apis.start import Order, Release, Reply, Start, guid4
from local.simulator.apis.values import instant, maybe
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import RATE_LIMIT_EXCEEDED, Problem

WORDS = ("unsubmitted", "active")
SUCCESS = Ending("success")
ENDINGS = {
    "fail": Ending("failed", percentage=90, issues=True),  # unconfirmed: the percentage of a job that stopped
    "cancel": Ending("cancelled", percentage=90),
}
STALLS = {"unsubmitted": "unsubmitted"}

#: Of Reality Analysis' page of DELETE, for the same path, and of Reality Modeling's.
NO_JOB = Problem(404, "JobNotFound", "Requested job is not available.")
NO_PROGRESS = Problem(404, "ProgressNotFound", "Requested progress is not available.")

#: Members as in the schema of Reality Analysis; all values are unconfirmed, since no example shows any.
ERROR = {
    "code": "OutOfMemory",
    "title": "Out of memory",
    "message": "Tile 17 needs more than {0} GB.",
    "params": ["64"],
}
WARNING = {
    "code": "PhotosIgnored",
    "title": "Photos ignored",
    "message": "{0} photos have no position.",
    "params": ["3"],
}

JOB_PROGRESS = {"unsubmitted": "Unsubmitted", "active": "Active"}


def _progress(view: View) -> Body:
    """The page's example is an active job's; that other jobs have an empty step is unconfirmed."""
    return {"progress": {"percentage": view.state.percentage, "state": view.state.word, "step": _step(view)}}


def _job_progress(view: View) -> Body:
    state = JOB_PROGRESS.get(view.state.word, "Over")
    return {"jobProgress": {"percentage": view.state.percentage, "state": state, "step": _step(view)}}


def _step(view: View) -> str:
    return "Prepare_Production" if view.state.word == "active" else ""


def _details(view: View) -> Body:
    """Return the members about the run; the pages have more, about inputs and costs.

    Unconfirmed: that what has not happened is null, the exit codes, that a job ends with all its warnings, and that
    Reality Conversion has the members of Reality Analysis.
    """
    state = view.state
    return {
        "job": {
            "id": view.ids["jobId"],
            "type": "objects2D",
            "state": state.word,
            "executionInformation": {
                "submissionDateTime": maybe(view.started),
                "startedDateTime": maybe(view.started),
                "endedDateTime": maybe(view.ended),
                "exitCode": int(state.issues) if state.ended else None,
                "estimatedUnits": 2.1,
                "errors": [ERROR] if state.issues else [],
                "warnings": [WARNING] if state.issues else [],
            },
        }
    }


def _modeling_job(view: View) -> Body:
    """Unconfirmed: that a job has `errors` and `warnings` only if there are some; the page's example has neither."""
    execution: Body = {}
    if view.started:
        execution = {"submittedDateTime": instant(view.started), "startedDateTime": instant(view.started)}
    if view.ended:
        execution |= {"endedDateTime": instant(view.ended), "estimatedUnits": 0.05}
    if view.state.issues:
        execution |= {"errors": [ERROR], "warnings": [WARNING]}
    job = {
        "id": view.ids["jobId"],
        "name": "My first Reality Modeling job",
        "type": "Full",
        "state": view.state.word,
        "createdDateTime": instant(view.began),
        "lastModifiedDateTime": instant(view.reached),
    }
    return {"job": job | ({"executionInformation": execution} if execution else {})}


def _starts(root: str, body: Callable[[View], Body]) -> tuple[Start, ...]:
    """https://developer.bentley.com/apis/contextcapture/operations/jobs-create."""
    return (
        Start(
            path=f"/{root}/jobs",
            ids=lambda _: {"jobId": guid4()},
            reply=lambda view: Reply(201, body(view)),
            keeps=lambda _: "unsubmitted",
        ),
    )


def _releases(root: str, body: Callable[[View], Body]) -> tuple[Release, ...]:
    """https://developer.bentley.com/apis/contextcapture/operations/jobs-patch: submits a job or cancels it.

    The page writes `Active`, Bentley's client `active`.
    """
    return (
        Release(
            method="PATCH",
            path=f"/{root}/jobs/{{jobId}}",
            goes_on=lambda order: _state(order) == "active",
            ends=lambda order: ENDINGS["cancel"] if _state(order) == "cancelled" else None,
            reply=lambda view: Reply(200, body(view)),
        ),
    )


def _state(order: Order) -> str:
    return str(order.body.get("state", "")).lower()


def _service(name: str, root: str, event: str) -> Api:
    """Reality Analysis and Reality Conversion differ in no more."""
    return Api(
        name=name,
        path=f"/{root}/jobs/{{jobId}}/progress",
        version=1,
        words=WORDS,
        success=SUCCESS,
        endings=ENDINGS,
        stalls=STALLS,
        missing=NO_PROGRESS,
        throttled=RATE_LIMIT_EXCEEDED,
        body=_progress,
        documents=(Document(path=f"/{root}/jobs/{{jobId}}", missing=NO_JOB, body=_details),),
        starts=_starts(root, _details),
        releases=_releases(root, _details),
        event=Event(event),
    )


REALITY_ANALYSIS = _service("reality-analysis", "realitydataanalysis", "realityAnalysis.jobCompleted.v1")
REALITY_CONVERSION = _service("reality-conversion", "realityconversion", "realityConversion.jobCompleted.v1")

REALITY_MODELING_V1 = Api(
    name="reality-modeling-v1",
    path="/contextcapture/jobs/{jobId}",
    version=1,
    words=WORDS,  # of `job.state`: unconfirmed but for "unsubmitted", "active" and "success", which examples show
    success=SUCCESS,
    endings=ENDINGS,
    stalls=STALLS,
    missing=NO_JOB,
    throttled=RATE_LIMIT_EXCEEDED,
    body=_modeling_job,
    documents=(Document(path="/contextcapture/jobs/{jobId}/progress", missing=NO_JOB, body=_job_progress),),
    starts=_starts("contextcapture", _modeling_job),
    releases=_releases("contextcapture", _modeling_job),
    event=Event("realityModeling.jobCompleted.v1"),
)
