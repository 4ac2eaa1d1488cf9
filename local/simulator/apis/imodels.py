"""Operations of iModels v2 that take long: the creation of an iModel, and of a checkpoint.

https://developer.bentley.com/apis/imodels-v2/operations/get-create-imodel-operation-details
https://developer.bentley.com/apis/imodels-v2/operations/get-named-version-checkpoint

Bodies: the types of Bentley's client, iTwin/imodels-clients.
"""

from __future__ import annotations

from local.simulator.apis.api import Api, Document
from local.simulator.apis.start import Order, Release, Reply, Start, guid4
from local.simulator.apis.values import forty, guid, instant
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import TOO_MANY_REQUESTS, Problem

WAITING = "waitingForFile"
SIZE = 123456789

#: Unconfirmed, all three.
NO_IMODEL = Problem(404, "iModelNotFound", "Requested iModel is not available.")
NO_NAMED_VERSION = Problem(404, "NamedVersionNotFound", "Requested Named Version is not available.")
NO_CHANGESET = Problem(404, "ChangesetNotFound", "Requested Changeset is not available.")


def _create_operation(view: View) -> Body:
    """Only an iModel whose clone or fork began over HTTP has a source."""
    imodel_id, given = view.ids["iModelId"], view.given
    changeset = {"changesetId": given.get("changesetId", forty(imodel_id))}
    cloned = {"iModelId": given["clonedId"]} | changeset if "clonedId" in given else None
    forked = {"iModelId": given["forkedId"]} | changeset if "forkedId" in given else None
    return {
        "createOperation": {
            "state": view.state.word,
            "clonedFrom": cloned,
            "forkedFrom": forked and forked | {"relationshipId": guid(imodel_id)},
        }
    }


def _created(view: View) -> Reply:
    """https://developer.bentley.com/apis/imodels-v2/operations/create-imodel, without the members about its contents.

    Unconfirmed: 201.
    """
    return Reply(201, _imodel(view))


def _imodel(view: View) -> Body:
    """Return some members; `complete` is there while a file is waited for."""
    imodel_id, name = view.ids["iModelId"], view.given.get("name", "My iModel")
    self = f"{view.origin}/imodels/{imodel_id}"
    links = {kind: {"href": f"{self}/{kind.lower()}"} for kind in ("changesets", "namedVersions")}
    if view.state.word == WAITING:
        links |= {
            "upload": {"href": f"https://example.blob.core.windows.net/baseline/{imodel_id}?sig=a-secret"},
            "complete": {"href": f"{self}/baselinefile"},
        }
    done = view.state.word == "successful"
    return {
        "iModel": {
            "id": imodel_id,
            "displayName": name,
            "name": name,
            "state": "initialized" if done else "notInitialized",
            "createdDateTime": instant(view.began),
            "iTwinId": view.given.get("iTwinId", guid(imodel_id, "itwin")),
            "_links": links,
        }
    }


def _copied(view: View) -> Reply:
    """https://developer.bentley.com/apis/imodels-v2/operations/clone-imodel, and the same for a fork.

    Bentley's client takes the id of the new iModel from `Location`; `Create-iModel-Operation` leads to the status.
    Unconfirmed: 202.
    """
    location = view.url.removesuffix("/operations/create")
    return Reply(202, headers={"Location": location, "Create-iModel-Operation": view.url})


def _new(_: Order) -> dict[str, str]:
    return {"iModelId": guid4()}


def _scheduled_again(view: View) -> Reply:
    """https://developer.bentley.com/apis/imodels-v2/operations/update-named-version-checkpoint; unconfirmed: 200."""
    return Reply(200, _checkpoint(view))


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
    stalls={"waiting": WAITING},  # until the user has uploaded a file
    missing=NO_IMODEL,
    throttled=TOO_MANY_REQUESTS,  # unconfirmed: which of the two codes
    body=_create_operation,
    documents=(Document(path="/imodels/{iModelId}", missing=NO_IMODEL, body=_imodel),),  # a client wants it at the end
    starts=(
        Start(
            path="/imodels",
            ids=_new,
            reply=_created,
            keeps=lambda order: WAITING if order.body.get("creationMode") == "fromBaseline" else None,
        ),
        Start(path="/imodels/{clonedId}/clone", ids=_new, reply=_copied),
        Start(path="/imodels/{forkedId}/fork", ids=_new, reply=_copied),
    ),
    releases=(
        # https://developer.bentley.com/apis/imodels-v2/operations, "Complete iModel Baseline File Upload"; unconfirmed:
        # the response.
        Release(
            method="POST",
            path="/imodels/{iModelId}/baselinefile",
            goes_on=lambda _: True,
            reply=lambda view: Reply(200, _imodel(view)),
        ),
    ),
)


def _checkpoints(path: str, missing: Problem, starts: tuple[Start, ...] = ()) -> Api:
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
        starts=starts,
    )


NAMED_VERSION_PATH = "/imodels/{iModelId}/namedversions/{namedVersionId}/checkpoint"

NAMED_VERSION_CHECKPOINT = _checkpoints(
    NAMED_VERSION_PATH,
    NO_NAMED_VERSION,
    (Start(method="PUT", path=NAMED_VERSION_PATH, ids=lambda order: dict(order.ids), reply=_scheduled_again),),
)
CHANGESET_CHECKPOINT = _checkpoints("/imodels/{iModelId}/changesets/{changesetId}/checkpoint", NO_CHANGESET)
