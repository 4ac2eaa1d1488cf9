"""Mesh exports, v1, a technical preview.

https://developer.bentley.com/apis/mesh-export/operations/get-export
"""

from __future__ import annotations

from local.simulator.apis.api import Api
from local.simulator.apis.start import Reply, Start, guid4
from local.simulator.apis.values import forty, guid, instant
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import TOO_MANY_REQUESTS, Problem


def _body(view: View) -> Body:
    """Unconfirmed: that the link is there from the start, and the members of `error`, of which no example has one."""
    export_id = view.ids["exportId"]
    request = {
        "iModelId": view.given.get("iModelId", guid(export_id)),
        "changesetId": view.given.get("changesetId", forty(export_id)),
        "exportType": view.given.get("exportType", "3DTiles"),
    }
    export: Body = {
        "id": export_id,
        "displayName": "My iModel",
        "status": view.state.word,
        "lastModified": instant(view.reached),
        "request": request,
        "_links": {"mesh": {"href": f"https://example.cloudfront.net/{guid(export_id)}?parameters"}},
    }
    if view.state.issues:
        export["error"] = {"code": "InvalidGeometry", "message": "The iModel has no geometry."}
    return {"export": export}


def _begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/mesh-export/operations/start-export: `NotStarted`, without any link."""
    body = _body(view)
    del body["export"]["_links"]
    return Reply(202, body)


MESH_EXPORT = Api(
    name="mesh-export",
    path="/mesh-export/{exportId}",
    version=1,
    words=("NotStarted", "InProgress"),
    success=Ending("Complete"),
    endings={
        "fail": Ending("Invalid", issues=True),
        "invalid": Ending("Invalid"),
    },
    missing=Problem(404, "ExportNotFound", "Requested Export is not available.", "id"),  # unconfirmed
    throttled=TOO_MANY_REQUESTS,  # unconfirmed: which of the two codes
    body=_body,
    starts=(Start(path="/mesh-export", ids=lambda _: {"exportId": guid4()}, reply=_begun),),
)
