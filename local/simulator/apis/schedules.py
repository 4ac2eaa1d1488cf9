"""Operations of Schedules, v1, a technical preview.

https://developer.bentley.com/apis/schedules/operations/get-scheduleid-operations-operationid
"""

from __future__ import annotations

from local.simulator.apis.api import Api
from local.simulator.apis.start import Reply, Start, guid4
from local.simulator.apis.values import guid, instant
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import RATE_LIMIT_EXCEEDED, Problem


def _body(view: View) -> Body:
    """The page's example is a failed operation's; the nulls of the others are its schema's, not an example's."""
    failed = view.state.word == "Failed"
    return {
        "operation": {
            "createdAt": instant(view.began),
            "failureDescription": "An error occurred whilst processing your request." if failed else None,
            "id": view.ids["operationId"],
            "percentComplete": view.state.percentage,
            "status": view.state.word,
            "subStatus": "Failed" if failed else None,
            "updatedAt": instant(view.reached),  # "Timestamp when the operation reached the current status"
        }
    }


def _begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/schedules/operations/post-scheduleid-clone.

    Two schedules are concerned: the operation's is in the link, the clone in the body.  Unconfirmed: that the
    operation belongs to the source.
    """
    operation_id = view.ids["operationId"]
    clone = guid(operation_id, "clone")
    return Reply(
        202,
        {
            "operation": {"id": operation_id},
            "schedule": {"id": clone},
            "_links": {
                "operationLocation": {"href": view.url},
                "schedule": {"href": f"{view.origin}/schedules/{clone}"},
            },
        },
    )


SCHEDULES = Api(
    name="schedules",
    path="/schedules/{scheduleId}/operations/{operationId}",
    version=1,
    words=("Queued", "Started"),  # and `Unknown`, whose meaning no page gives: script it
    success=Ending("Succeeded"),
    endings={"fail": Ending("Failed")},  # at 100 percent, as in the page's example
    missing=Problem(404, "OperationNotFound", "Requested Operation is not available.", "operationId"),
    throttled=RATE_LIMIT_EXCEEDED,
    body=_body,
    tagged=True,
    starts=(
        Start(
            path="/schedules/{scheduleId}/clone",
            ids=lambda order: {"scheduleId": order.ids["scheduleId"], "operationId": guid4()},
            reply=_begun,
        ),
    ),
)
