"""iModels, checkpoints of a named version or of a changeset.

https://developer.bentley.com/apis/imodels-v2/operations/get-named-version-checkpoint
https://developer.bentley.com/apis/imodels-v2/operations/get-changeset-checkpoint

The body has tokens of storage accounts: nothing of it is read but the state.
"""

from datetime import timedelta

from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

IMODELS_CHECKPOINT = RemoteApi(
    name="imodels-checkpoint",
    path="/imodels/{iModelId}/namedversions/{namedVersionId}/checkpoint",
    other_paths=("/imodels/{iModelId}/changesets/{changesetId}/checkpoint",),
    guids=frozenset({"iModelId", "namedVersionId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v2+json"},
    status_at="checkpoint.state",
    vocabulary={
        # "No job is scheduled": nothing comes unless someone schedules it.  It goes on, for a named version may be
        # seconds old, and its lifetime is short.
        "notGenerated": RUNNING,
        "scheduled": RUNNING,
        "successful": Outcome.SUCCEEDED,
        "failed": Outcome.FAILED,
    },
    # The page documents no polling interval: the schedules are our defaults.
    lifetime=timedelta(days=1),
)
