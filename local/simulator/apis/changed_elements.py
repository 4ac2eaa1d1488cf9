"""Comparison jobs of Changed Elements v2, and diff jobs of v3.

https://developer.bentley.com/apis/changed-elements-v2/operations/get-comparison-job
https://developer.bentley.com/apis/changed-elements-v3/operations/get-diff-job
"""

from __future__ import annotations

import json

from local.simulator.apis.api import Api
from local.simulator.apis.event import Event
from local.simulator.apis.start import Order, Reply, Start, guid4, hex40
from local.simulator.apis.values import forty
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import RATE_LIMIT_EXCEEDED, TOO_MANY_REQUESTS, Problem

WORDS = ("Queued", "Started")
SUCCESS = Ending("Completed")

WHOLE = 3000  #: of v2's progress, a count of something that no page names
AGENTS = 20

RESULT = "https://example.blob.core.windows.net/results.json?sv=a-secret"
WRONG = "The changesets could not be compared."  # unconfirmed: no example shows a failed job


def _comparison_job(view: View) -> Body:
    """Bentley's client insists on both counts while `Started`, and on a text in `errorDetails` after a failure."""
    job_id, word = view.ids["jobId"], view.state.word
    start, _, end = job_id.partition("-")
    job: Body = {
        **view.ids,
        "status": word,
        "startChangesetId": view.given.get("startChangesetId", start),
        "endChangesetId": view.given.get("endChangesetId", end or forty(job_id, "end")),
    }
    if word == "Started":
        job |= {"currentProgress": WHOLE * view.state.percentage // 100, "maxProgress": WHOLE}
    elif word == "Completed":
        job |= {"comparison": {"href": RESULT}}
    elif view.state.issues:
        job |= {"errorDetails": WRONG}
    return {"comparisonJob": job}


def _diff_job(view: View) -> Body:
    """After a failure "a structured error object" says the page, a text say the types of Bentley's client."""
    job_id, word = view.ids["jobId"], view.state.word
    job: Body = {
        "jobId": job_id,
        "status": word,
        "iTwinId": view.query["iTwinId"],
        "iModelId": view.query["iModelId"],
        **_range(view, "start", 1),
        **_range(view, "end", 10),
        "diffingPlan": view.given.get("diffingPlan", {"strategy": "Basic"}),
    }
    if word == "Started":
        job |= {"completedAgents": AGENTS * view.state.percentage // 100, "totalAgents": AGENTS}
    elif word == "Completed":
        job |= {"href": RESULT}
    elif view.state.issues:
        is_text = "text" in job_id.lower()
        job |= {"error": WRONG if is_text else {"code": "DiffingFailed", "message": WRONG}}
    return {"job": job}


def _range(view: View, end: str, usual: int) -> Body:
    """Return one end of the range, which a request names by index or id."""
    asked = view.given.get(f"{end}Changeset", view.given.get(f"{end}ChangesetIndex"))
    return {
        f"{end}ChangesetIndex": asked if isinstance(asked, int) else usual,
        f"{end}ChangesetId": asked if isinstance(asked, str) else forty(view.ids["jobId"], end),
    }


def _told(view: View) -> Body:
    """https://developer.bentley.com/apis/changed-elements-v2/available-events: of v2 alone.

    Its table says that `jobSucceeded` is a Boolean; its example has the text "true".
    """
    return {
        "jobId": view.ids["jobId"],
        "iModelId": view.ids["iModelId"],
        "jobSucceeded": view.state.word == SUCCESS.word,
    }


def _ids_of_comparison(order: Order) -> dict[str, str]:
    """The job's id "is normally comprised of start changeset id and end changeset id"."""
    start, end = (str(order.body.get(name) or hex40()) for name in ("startChangesetId", "endChangesetId"))
    return {"jobId": f"{start}-{end}"} | {name: str(order.body[name]) for name in ("iTwinId", "iModelId")}


def _comparison_begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/changed-elements-v2/operations/create-comparison-job.

    Unconfirmed: that one which exists is returned as it is.
    """
    return Reply(202, _comparison_job(view))


def _diff_begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/changed-elements-v3/operations/create-diff-job."""
    return Reply(202, _diff_job(view))


def _parameters(order: Order) -> tuple[str, ...]:
    return (json.dumps(dict(order.body), sort_keys=True),)


#: "Returns 409 if a job with identical parameters already exists."  Unconfirmed: its code and message.
DIFF_JOB_EXISTS = Problem(409, "DiffJobAlreadyExists", "A diff job with the same parameters exists.")

CHANGED_ELEMENTS = Api(
    name="changed-elements",
    path="/changedelements/comparisonjob/{jobId}/itwin/{iTwinId}/imodel/{iModelId}",
    job="jobId",
    version=2,
    words=WORDS,
    success=SUCCESS,
    endings={
        "fail": Ending("Failed", issues=True),
        "error": Ending("Error", issues=True),  # of Bentley's client until its pull request 108
    },
    missing=Problem(404, "ComparisonJobNotFound", "Requested Comparison Job is not available."),  # unconfirmed
    throttled=TOO_MANY_REQUESTS,  # unconfirmed: which of the two codes
    body=_comparison_job,
    starts=(
        Start(
            path="/changedelements/comparisonjob",
            needs=("iTwinId", "iModelId"),
            ids=_ids_of_comparison,
            reply=_comparison_begun,
            alone=_parameters,
            ever=True,
            other=_comparison_begun,
        ),
    ),
    event=Event("changedElements.jobCompleted.v1", _told),
)

CHANGED_ELEMENTS_V3 = Api(
    name="changed-elements-v3",
    path="/changedelements/diff/{jobId}",
    queries=("iTwinId", "iModelId"),
    version=3,
    words=WORDS,
    success=SUCCESS,
    endings={"fail": Ending("Failed", issues=True)},
    missing=Problem(404, "DiffJobNotFound", "Requested diff job is not available."),
    throttled=RATE_LIMIT_EXCEEDED,  # unconfirmed: which of the two codes
    body=_diff_job,
    starts=(
        Start(
            path="/changedelements/diff",
            needs=("iTwinId", "iModelId"),
            ids=lambda _: {"jobId": guid4()},
            reply=_diff_begun,
            alone=_parameters,
            ever=True,
            other=lambda _: DIFF_JOB_EXISTS,
        ),
    ),
)
