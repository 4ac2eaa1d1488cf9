"""Exports of iTwins, v1, a technical preview.

https://developer.bentley.com/apis/iTwins/operations/get-export
"""

from __future__ import annotations

from datetime import datetime

from local.simulator.apis.api import Api
from local.simulator.apis.start import Reply, Start, guid4
from local.simulator.apis.values import guid
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import RATE_LIMIT_EXCEEDED, Problem

REQUEST = {
    "queryScope": "MemberOfiTwin",
    "subClass": "Asset,Project",
    "select": "number,displayName,status",
    "filter": None,
    "includeInactive": False,
    "outputFormat": "JsonGZip",
}


def _body(view: View) -> Body:
    """What has not happened is null, as in the examples; there is no text about a failure."""
    export_id, done = view.ids["exportId"], view.state.word == "Completed"
    output = f"https://example.blob.core.windows.net/itwin-export/{guid(export_id)}.json.gz?sig=abcdefg"
    return {
        "export": {
            "id": export_id,
            "request": REQUEST | {name: view.given[name] for name in REQUEST if name in view.given},
            "status": view.state.word,
            "outputUrl": output if done else None,
            "createdBy": guid("user"),
            "createdDateTime": _instant(view.began),
            "startedDateTime": _instant(view.started),
            "completedDateTime": _instant(view.ended),
        }
    }


def _instant(when: datetime | None) -> str | None:
    """Return a time with three digits of a second: `2024-10-11T21:43:11.060Z`."""
    return None if when is None else f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"


def _begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/iTwins/operations/create-export."""
    return Reply(201, _body(view))


#: "A user can only have one Queued or InProgress export job at a time."  Unconfirmed: how that is told.  The quota of
#: three in an hour is not simulated.
ONE_AT_A_TIME = Problem(409, "ExportAlreadyInProgress", "The user has an export job that is in progress.")

ITWINS_EXPORT = Api(
    name="itwins-export",
    path="/itwins/exports/{exportId}",
    version=1,
    words=("Queued", "InProgress"),
    success=Ending("Completed"),
    endings={"fail": Ending("Failed")},
    missing=Problem(404, "ExportNotFound", "Requested Export is not available."),  # unconfirmed
    throttled=RATE_LIMIT_EXCEEDED,  # unconfirmed: which of the two codes
    body=_body,
    starts=(
        Start(
            path="/itwins/exports",
            ids=lambda _: {"exportId": guid4()},
            reply=_begun,
            alone=lambda _: ("the only user",),
            other=lambda _: ONE_AT_A_TIME,
        ),
    ),
)
