"""Transformations, v2, a technical preview.

https://developer.bentley.com/apis/transformations-v2/operations/get-transformation

Bodies: Bentley's sample, iTwin/transformations-api-sample.
"""

from __future__ import annotations

from local.simulator.apis.api import Api
from local.simulator.apis.event import Event
from local.simulator.apis.start import Reply, Start, guid4
from local.simulator.apis.values import forty, guid, instant
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import TOO_MANY_REQUESTS, Problem

TOTAL = 3000  #: entities


def _body(view: View) -> Body:
    """Unconfirmed: both codes, both messages, and that counting begins with the first word."""
    transformation_id, state = view.ids["transformationId"], view.state
    configuration = view.given.get("configurationId", guid(transformation_id, "configuration"))
    transformation: Body = {
        "id": transformation_id,
        "status": state.word,
        "errorMessage": "The source iModel could not be opened." if state.issues else "",
        "errorCode": 1 if state.issues else 0,
        "processedEntityCount": TOTAL * state.percentage // 100,
        "totalEntityCount": TOTAL,
        "createdDateTime": instant(view.began),
        "sourceChangeset": forty(transformation_id, "source"),
        "_links": {"configuration": {"href": f"{view.origin}/transformations/configurations/{configuration}"}},
    }
    if view.ended:
        transformation |= {
            "finishedDateTime": instant(view.ended),
            "lastTargetChangesetPushed": forty(transformation_id, "target"),
        }
    return {"transformation": transformation}


def _begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/transformations-v2/operations/create-transformation.

    Unconfirmed: 201 rather than 202.  That others for the same iModel make it wait or fail is not simulated.
    """
    return Reply(201, _body(view))


def _told(view: View) -> Body:
    """https://developer.bentley.com/apis/transformations-v2/available-events; unconfirmed: the word is the status's."""
    return {"transformationId": view.ids["transformationId"], "status": view.state.word}


TRANSFORMATIONS = Api(
    name="transformations",
    path="/transformations/{transformationId}",
    not_jobs=("configurations",),
    version=2,  # as the sample has it; unconfirmed: what the page says
    words=("Created", "Initializing", "Started"),
    success=Ending("Succeeded"),
    endings={
        "fail": Ending("Failed", percentage=60, issues=True),
        "cancel": Ending("Aborted", percentage=60),
        "abort": Ending("Aborted", percentage=60),
    },
    stalls={"created": "Created"},  # while others are under way for the same iModel
    missing=Problem(404, "TransformationNotFound", "Requested Transformation is not available."),  # unconfirmed
    throttled=TOO_MANY_REQUESTS,  # unconfirmed: which of the two codes
    body=_body,
    starts=(Start(path="/transformations", ids=lambda _: {"transformationId": guid4()}, reply=_begun),),
    event=Event("transformations.jobCompleted.v1", _told),
)
