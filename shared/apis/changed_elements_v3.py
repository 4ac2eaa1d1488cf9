"""Changed Elements, version 3, diff jobs.

https://developer.bentley.com/apis/changed-elements-v3/operations/get-diff-job
"""

from shared.core.evidence import Evidence
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

CHANGED_ELEMENTS_V3 = RemoteApi(
    name="changed-elements-v3",
    path="/changedelements/diff/{jobId}?iTwinId={iTwinId}&iModelId={iModelId}",
    guids=frozenset({"jobId", "iTwinId", "iModelId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v3+json"},
    status_at="job.status",
    vocabulary={
        "Queued": RUNNING,
        "Started": RUNNING,
        "Completed": Outcome.SUCCEEDED,
        "Failed": Outcome.FAILED,
    },
    progress_at="job.completedAgents",
    progress_of="job.totalAgents",
    reasons_at=("job.error",),  # an object with code and message, says the page; a text, says Bentley's client
    evidence=Evidence(at=("job.error",)),
    ids_at={"jobId": "job.jobId", "iTwinId": "job.iTwinId", "iModelId": "job.iModelId"},
    # The page documents no polling interval: the schedules are our defaults.
)
