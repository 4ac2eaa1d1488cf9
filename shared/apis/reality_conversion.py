"""Reality Conversion jobs, version 1: https://developer.bentley.com/apis/realityconversion/operations/jobs-progress."""

from shared.core.evidence import Evidence
from shared.core.job_event import JobEvent
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

REALITY_CONVERSION = RemoteApi(
    name="reality-conversion",
    path="/realityconversion/jobs/{jobId}/progress",
    guids=frozenset({"jobId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="progress.state",
    vocabulary={
        "unsubmitted": RUNNING,  # created but not started, perhaps for ever: the deadline bounds it
        "active": RUNNING,
        "success": Outcome.SUCCEEDED,
        "failed": Outcome.FAILED,
        "cancelled": Outcome.CANCELLED,
    },
    progress_at="progress.percentage",
    reasons_at=("progress.step",),
    # https://developer.bentley.com/apis/realityconversion/operations/jobs-get has only dates and units in its example:
    # errors and warnings as in Reality Analysis are unconfirmed.
    evidence=Evidence(
        path="/realityconversion/jobs/{jobId}",
        at=("job.executionInformation.errors", "job.executionInformation.warnings"),
        says=("code", "title", "message", "params"),
    ),
    ids_at={"jobId": "job.id"},
    event=JobEvent(types=("realityConversion.jobCompleted.v1",), ids_at={"jobId": "content.jobId"}),
    # The page documents neither a polling interval nor a retention: the schedules are our defaults.
)
