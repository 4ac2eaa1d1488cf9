"""Jobs of Library, v1: uploads of components.

https://developer.bentley.com/apis/library/operations/get-job
"""

from __future__ import annotations

from local.simulator.apis.api import Api, Body, View
from local.simulator.apis.values import guid
from local.simulator.clock import Ending
from local.simulator.errors import TOO_MANY_REQUESTS, Problem


def _body(view: View) -> Body:
    """The example's `error` is null; unconfirmed: the members of one.

    Unconfirmed: that the link to the component is there before the job succeeds.  Bentley's own link has a capital L.
    """
    job_id = view.ids["jobId"]
    error = {"code": "InvalidDesignFile", "message": "The design file cannot be read."}
    return {
        "job": {
            "id": job_id,
            "displayName": "revit2021.rfa",
            "jobSize": 4784128,
            "progress": view.state.percentage,
            "status": view.state.word,
            "error": error if view.state.issues else None,
            "type": "Upload",
            "_links": {"component": {"href": f"{view.origin}/Library/components/{guid(job_id)}"}},
        }
    }


LIBRARY = Api(
    name="library",
    path="/library/jobs/{jobId}",
    version=1,
    words=("Queued", "InProgress"),
    success=Ending("Success"),
    endings={
        # Unconfirmed: the percentage of a job that stopped, and what `Aborted` means.
        "fail": Ending("Error", percentage=90, issues=True),
        "cancel": Ending("Canceled", percentage=90, after="PendingCancel"),
        "abort": Ending("Aborted", percentage=90),
    },
    missing=Problem(404, "JobNotFound", "Requested job is not available."),
    throttled=TOO_MANY_REQUESTS,  # unconfirmed: which of the two codes
    body=_body,
)
