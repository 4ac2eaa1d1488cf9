"""iModels, operations that create one: from a baseline file, a clone or a fork.

https://developer.bentley.com/apis/imodels-v2/operations/get-create-imodel-operation-details
"""

from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

IMODELS_CREATE = RemoteApi(
    name="imodels-create",
    path="/imodels/{iModelId}/operations/create",
    guids=frozenset({"iModelId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v2+json"},
    status_at="createOperation.state",
    vocabulary={
        "scheduled": RUNNING,  # or under way
        "waitingForFile": RUNNING,  # for a user to upload it, perhaps for ever: the deadline bounds it
        "successful": Outcome.SUCCEEDED,
        "failed": Outcome.FAILED,
        "mainIModelIsMissingFederationGuids": Outcome.FAILED,  # of a fork
    },
    ids_at={"iModelId": "iModel.id"},
    # The page documents no polling interval: the schedules are our defaults.
)
