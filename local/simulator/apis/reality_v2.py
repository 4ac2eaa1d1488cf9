"""Jobs of Reality Analysis v2, Reality Modeling v2 and Reality Conversion v2: three services, one shape.

https://developer.bentley.com/apis/reality-analysis/operations/jobs-progress
https://developer.bentley.com/apis/reality-modeling/operations
https://developer.bentley.com/apis/reality-conversion/operations

The stored pages show the bodies of none; they are from the tests of Bentley's own client, iTwin/reality-capture.
Unconfirmed: all of Reality Conversion's beyond its paths, which that client does not call yet.
"""

from __future__ import annotations

from local.simulator.apis.api import Api, Document
from local.simulator.apis.event import Event
from local.simulator.apis.start import Reply, Start, guid4
from local.simulator.apis.values import ITWIN, guid, instant
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import RATE_LIMIT_EXCEEDED, Problem

NO_PROGRESS = Problem(404, "JobProgressNotFound", "Requested job progress is not available.")
#: Unconfirmed: the code for the other documents.
NO_JOB = Problem(404, "JobNotFound", "Requested job is not available.")

#: From the client's tests.
ERROR = {
    "code": "InputData_Invalid",
    "message": 'Invalid input data. Please check the documentation. ("%1")',
    "title": "Invalid input data",
    "params": ["Sample_scan"],
}
#: Unconfirmed: no example shows one.
WARNING = {
    "code": "InputData_Ignored",
    "message": '%1 photos of "%2" have no position.',
    "title": "Photos ignored",
    "params": ["3", "Sample_scan"],
}


def _progress(view: View) -> Body:
    return {"progress": {"percentage": view.state.percentage, "state": view.state.word}}


def _messages(view: View) -> Body:
    """Unconfirmed: that a failed job has warnings beside errors, and one that succeeded has warnings alone."""
    issues, failed = view.state.issues, view.state.word == "Failed"
    return {
        "messages": {"errors": [ERROR] if issues and failed else [], "warnings": [WARNING] if issues else []},
    }


def _job(view: View) -> Body:
    """Return the members about the run; the client's tests have more, about inputs and outputs."""
    execution = {"createdDateTime": instant(view.began)}
    if view.started:
        execution["startedDateTime"] = instant(view.started)
    if view.ended:
        execution["endedDateTime"] = instant(view.ended)
    return {
        "job": {
            "id": view.ids["jobId"],
            "state": view.state.word,
            "userId": guid("user"),
            "executionInfo": execution,
            "specifications": {"inputs": {}, "outputs": {}},
            "name": view.given.get("name", "My first job"),
            "type": view.given.get("type", "Reconstruction"),
            "iTwinId": view.given.get("iTwinId", ITWIN),
        }
    }


def _begun(view: View) -> Reply:
    return Reply(201, _job(view))


def _service(name: str, root: str, event: str) -> Api:
    return Api(
        name=name,
        path=f"/{root}/jobs/{{jobId}}/progress",
        version=2,
        words=("Queued", "Active"),
        success=Ending("Success"),
        endings={
            # Unconfirmed: the percentage of a job that stopped.
            "fail": Ending("Failed", percentage=90, issues=True, after="TerminatingOnFailure"),
            "cancel": Ending("Cancelled", percentage=90, after="TerminatingOnCancel"),
            "issue": Ending("Success", issues=True),
        },
        missing=NO_PROGRESS,
        throttled=RATE_LIMIT_EXCEEDED,
        body=_progress,
        documents=(
            Document(path=f"/{root}/jobs/{{jobId}}/messages", missing=NO_JOB, body=_messages),
            Document(path=f"/{root}/jobs/{{jobId}}", missing=NO_JOB, body=_job),
        ),
        starts=(Start(path=f"/{root}/jobs", ids=lambda _: {"jobId": guid4()}, reply=_begun),),
        event=Event(event),
    )


#: Unconfirmed: that jobs of v2 have the event of v1, the only one that a page names; the content of the other two.
REALITY_ANALYSIS_V2 = _service("reality-analysis-v2", "reality-analysis", "realityAnalysis.jobCompleted.v1")
REALITY_MODELING = _service("reality-modeling", "reality-modeling", "realityModeling.jobCompleted.v2")
REALITY_CONVERSION_V2 = _service("reality-conversion-v2", "reality-conversion", "realityConversion.jobCompleted.v2")
