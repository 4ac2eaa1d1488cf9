"""Changed Elements, version 2, comparison jobs.

https://developer.bentley.com/apis/changed-elements-v2/operations/get-comparison-job
"""

from shared.core.evidence import Evidence
from shared.core.job_event import JobEvent
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

CHANGED_ELEMENTS = RemoteApi(
    name="changed-elements",
    path="/changedelements/comparisonjob/{jobId}/itwin/{iTwinId}/imodel/{iModelId}",
    guids=frozenset({"iTwinId", "iModelId"}),  # the job's is "{startChangesetId}-{endChangesetId}"
    headers={"Accept": "application/vnd.bentley.itwin-platform.v2+json"},
    status_at="comparisonJob.status",
    vocabulary={
        "Queued": RUNNING,
        "Started": RUNNING,
        "Completed": Outcome.SUCCEEDED,
        "Failed": Outcome.FAILED,
        "Error": Outcome.FAILED,  # Failed, in older versions of Bentley's client (iTwin/changed-elements-react#108)
    },
    progress_at="comparisonJob.currentProgress",
    progress_of="comparisonJob.maxProgress",
    reasons_at=("comparisonJob.errorDetails",),
    evidence=Evidence(at=("comparisonJob.errorDetails",)),
    ids_at={
        "jobId": "comparisonJob.jobId",
        "iTwinId": "comparisonJob.iTwinId",
        "iModelId": "comparisonJob.iModelId",
    },
    event=JobEvent(
        types=("changedElements.jobCompleted.v1",),
        ids_at={"jobId": "content.jobId", "iTwinId": "iTwinId", "iModelId": "content.iModelId"},
    ),
    # The page documents no polling interval: the schedules are our defaults.
)
