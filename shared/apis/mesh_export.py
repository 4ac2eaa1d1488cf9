"""Mesh Export, a technical preview: https://developer.bentley.com/apis/mesh-export/operations/get-export."""

from shared.core.evidence import Evidence
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

MESH_EXPORT = RemoteApi(
    name="mesh-export",
    path="/mesh-export/{exportId}",
    guids=frozenset({"exportId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="export.status",
    vocabulary={
        "NotStarted": RUNNING,
        "InProgress": RUNNING,
        "Complete": Outcome.SUCCEEDED,
        "Invalid": Outcome.FAILED,
    },
    reasons_at=("export.error",),
    evidence=Evidence(at=("export.error",)),
    ids_at={"exportId": "export.id"},
    # The page documents no polling interval: the schedules are our defaults.
)
