"""iTwin jobs of Access Control, v2.

https://developer.bentley.com/apis/access-control-v2/operations/get-itwin-job
"""

from __future__ import annotations

from local.simulator.apis.api import Api
from local.simulator.apis.start import Reply, Start, guid4
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import TOO_MANY_REQUESTS, Problem


def _body(view: View) -> Body:
    """Not wrapped, and with a lower-case `itwinId`, as the page's example has it."""
    body: Body = {"id": view.ids["jobId"], "itwinId": view.ids["id"], "status": view.state.word}
    if view.in_full and view.state.issues:  # a job without errors has no such key: seen in Bentley's own client tests
        body["errors"] = [
            # Members as in the page's table "Error"; values unconfirmed, since no example shows any.
            {
                "code": "UserNotFound",
                "message": "Requested user is not available.",
                "target": "nobody@example.com",
            }
        ]
    return body


def _begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/access-control-v2/operations/create-itwin-job."""
    return Reply(201, _body(view))


ACCESS_CONTROL = Api(
    name="access-control",
    path="/accesscontrol/itwins/{id}/jobs/{jobId}",
    version=2,
    words=("Active",),
    success=Ending("Completed"),
    endings={
        "fail": Ending("Failed", issues=True),
        "partial": Ending("PartialCompleted", issues=True),
        "issue": Ending("PartialCompleted", issues=True),
    },
    # "iTwin or job with specified ID was not found": the example names the iTwin; for the job it is unconfirmed.
    missing=Problem(404, "ItwinNotFound", "Requested iTwin is not available."),
    throttled=TOO_MANY_REQUESTS,
    body=_body,
    starts=(
        Start(
            path="/accesscontrol/itwins/{id}/jobs",
            ids=lambda order: {"id": order.ids["id"], "jobId": guid4()},
            reply=_begun,
        ),
    ),
)
