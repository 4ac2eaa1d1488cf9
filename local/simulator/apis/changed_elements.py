"""Comparison jobs of Changed Elements v2, and diff jobs of v3.

https://developer.bentley.com/apis/changed-elements-v2/operations/get-comparison-job
https://developer.bentley.com/apis/changed-elements-v3/operations/get-diff-job
"""

from __future__ import annotations

from local.simulator.apis.api import Api, Body, View
from local.simulator.apis.values import forty
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
        "startChangesetId": start,
        "endChangesetId": end or forty(job_id, "end"),
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
        "startChangesetIndex": 1,
        "endChangesetIndex": 10,
        "startChangesetId": forty(job_id, "start"),
        "endChangesetId": forty(job_id, "end"),
        "diffingPlan": {"strategy": "Basic"},
    }
    if word == "Started":
        job |= {"completedAgents": AGENTS * view.state.percentage // 100, "totalAgents": AGENTS}
    elif word == "Completed":
        job |= {"href": RESULT}
    elif view.state.issues:
        is_text = "text" in job_id.lower()
        job |= {"error": WRONG if is_text else {"code": "DiffingFailed", "message": WRONG}}
    return {"job": job}


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
)
