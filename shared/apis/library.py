"""Library, upload of components: https://developer.bentley.com/apis/library/operations/get-job."""

from shared.core.evidence import Evidence
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

LIBRARY = RemoteApi(
    name="library",
    path="/library/jobs/{jobId}",  # Bentley's own links have "/Library/"
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="job.status",
    vocabulary={
        "Queued": RUNNING,  # unconfirmed: also while the job waits for its file
        "InProgress": RUNNING,
        "PendingCancel": RUNNING,
        "Success": Outcome.SUCCEEDED,
        "Error": Outcome.FAILED,
        "Aborted": Outcome.FAILED,  # unconfirmed: by whom
        "Canceled": Outcome.CANCELLED,
    },
    progress_at="job.progress",  # 100 in the page's example of a job that is done
    reasons_at=("job.error",),  # null when all is well; its shape is unconfirmed
    evidence=Evidence(at=("job.error",)),
    # No ids in the answer to a start: "activity can be tracked using job endpoint returned in the 'Location' header".
    # https://developer.bentley.com/apis/library/operations/upload-component
    # The page documents no polling interval: the schedules are our defaults.
)
