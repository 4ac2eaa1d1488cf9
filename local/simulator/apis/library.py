"""Jobs of Library, v1: uploads of components.

https://developer.bentley.com/apis/library/operations/get-job
"""

from __future__ import annotations

import secrets

from local.simulator.apis.api import Api
from local.simulator.apis.start import Reply, Start, guid4
from local.simulator.apis.values import guid
from local.simulator.apis.view import Body, View
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


def _begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/library/operations/upload-component.

    "component creation activity can be tracked using job endpoint returned in the 'Location' header".  Unconfirmed:
    202 rather than another 2xx, the members of the body, and the capital L, which is from the link to a component.
    The page says that the job waits for the file; this one does not.
    """
    upload = {"href": f"https://example.blob.core.windows.net/upload/{guid(view.ids['jobId'])}?sig=a-secret"}
    location = f"{view.origin}/Library/jobs/{view.ids['jobId']}"
    return Reply(202, {"_links": {"designFile": upload}}, {"Location": location})


def _new() -> str:
    """Return an id in the form of the page's example: `2517774384832714834_eeaaacbf-...`."""
    return f"2517{secrets.randbelow(10**15):015}_{guid4()}"


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
    starts=(Start(path="/library/upload", ids=lambda _: {"jobId": _new()}, reply=_begun),),
)
