"""Reality Modeling jobs, version 1 (ContextCapture): https://developer.bentley.com/apis/contextcapture/operations/jobs-get.

The job is asked, not its progress: that ends in "Over", which does not say how.
"""

from datetime import timedelta

from shared.core.evidence import Evidence
from shared.core.job_event import JobEvent
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi
from shared.core.schedule import Schedule

REALITY_MODELING_V1 = RemoteApi(
    name="reality-modeling-v1",
    path="/contextcapture/jobs/{jobId}",
    other_paths=("/contextcapture/jobs/{jobId}/progress",),
    guids=frozenset({"jobId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="job.state",
    # The page's example is "success"; the other words are those of Bentley's client, which also has them for Reality
    # Analysis: https://github.com/iTwin/reality-capture, tag v1.4.0.  Unconfirmed for this document.
    vocabulary={
        "unsubmitted": RUNNING,  # created but not started, perhaps for ever: hence the lifetime
        "active": RUNNING,
        "success": Outcome.SUCCEEDED,
        "failed": Outcome.FAILED,
        "cancelled": Outcome.CANCELLED,
    },
    # Entries are `{code, title, message, params[]}`.
    evidence=Evidence(
        at=("job.executionInformation.errors", "job.executionInformation.warnings"),
        says=("code", "title", "message", "params"),
    ),
    ids_at={"jobId": "job.id"},
    event=JobEvent(types=("realityModeling.jobCompleted.v1",), ids_at={"jobId": "content.jobId"}),
    # "Client should query with a backoff intervals [15,30,60,120] seconds", says the page of the progress, which "won't
    # be available after 30 days".  It does not say how long the job itself is.
    # https://developer.bentley.com/apis/contextcapture/operations/jobs-progress
    polling=Schedule.seconds(15, 30, 60, 120),
    lifetime=timedelta(days=30),
)
