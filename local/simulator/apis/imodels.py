"""Operations of iModels v2 that take long: the creation of an iModel, and of a checkpoint.

https://developer.bentley.com/apis/imodels-v2/operations/get-create-imodel-operation-details
https://developer.bentley.com/apis/imodels-v2/operations/get-named-version-checkpoint

Bodies: the types of Bentley's client, iTwin/imodels-clients.
"""

from __future__ import annotations

from local.simulator.apis.api import Api, Body, View
from local.simulator.apis.values import forty, guid
from local.simulator.clock import Ending
from local.simulator.errors import TOO_MANY_REQUESTS, Problem

SIZE = 123456789

#: Unconfirmed, all three.
NO_IMODEL = Problem(404, "iModelNotFound", "Requested iModel is not available.")
NO_NAMED_VERSION = Problem(404, "NamedVersionNotFound", "Requested Named Version is not available.")
NO_CHANGESET = Problem(404, "ChangesetNotFound", "Requested Changeset is not available.")


def _create_operation(view: View) -> Body:
    return {"createOperation": {"state": view.state.word, "clonedFrom": None, "forkedFrom": None}}


def _checkpoint(view: View) -> Body:
    """Return a body with the secrets that a successful checkpoint has: a link and a key to its storage."""
    done = view.state.word == "successful"
    changeset = view.ids.get("changesetId", "")
    by_index = changeset.isdecimal()
    version = view.ids.get("namedVersionId", changeset)
    database = f"{guid(version)}.bim"
    directory = {
        "baseUrl": "https://example.blob.core.windows.net/checkpoints",
        "storage": "example",
        "baseDirectory": guid(version),
        "storageType": "azure",
        "azure": {"sasToken": "sv=2018-03-28&sig=a-secret"},
    }
    download = {"href": f"https://example.blob.core.windows.net/checkpoints/{database}?sig=a-secret"}
    return {
        "checkpoint": {
            "changesetId": forty(version) if by_index or not changeset else changeset,
            "changesetIndex": int(changeset) if by_index else 5,
            "size": SIZE if done else 0,
            "state": view.state.word,
            "dbName": database,
            "directoryAccessInfo": directory if done else None,
            "_links": {"download": download | {"storageType": "azure"} if done else None},
        }
    }


IMODELS_CREATE = Api(
    name="imodels-create",
    path="/imodels/{iModelId}/operations/create",
    version=2,
    words=("scheduled",),
    success=Ending("successful"),
    endings={
        "fail": Ending("failed"),
        "federation": Ending("mainIModelIsMissingFederationGuids"),  # of forks alone
    },
    stalls={"waiting": "waitingForFile"},  # until the user has uploaded a file
    missing=NO_IMODEL,
    throttled=TOO_MANY_REQUESTS,  # unconfirmed: which of the two codes
    body=_create_operation,
)


def _checkpoints(path: str, missing: Problem) -> Api:
    return Api(
        name="imodels-checkpoint",
        path=path,
        version=2,
        words=("scheduled",),
        success=Ending("successful"),
        endings={"fail": Ending("failed")},
        stalls={"notgenerated": "notGenerated"},  # nothing is scheduled
        missing=missing,
        throttled=TOO_MANY_REQUESTS,  # unconfirmed: which of the two codes
        body=_checkpoint,
    )


NAMED_VERSION_CHECKPOINT = _checkpoints(
    "/imodels/{iModelId}/namedversions/{namedVersionId}/checkpoint", NO_NAMED_VERSION
)
CHANGESET_CHECKPOINT = _checkpoints("/imodels/{iModelId}/changesets/{changesetId}/checkpoint", NO_CHANGESET)
