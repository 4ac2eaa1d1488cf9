"""Reality Analysis jobs: https://developer.bentley.com/apis/realitydataanalysis/operations/jobs-progress."""

from datetime import timedelta

from shared.core.evidence import Evidence
from shared.core.job_event import JobEvent
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi
from shared.core.schedule import Schedule

REALITY_ANALYSIS = RemoteApi(
    name="reality-analysis",
    path="/realitydataanalysis/jobs/{jobId}/progress",
    guids=frozenset({"jobId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="progress.state",
    vocabulary={
        "unsubmitted": RUNNING,  # created but not started, perhaps for ever: hence the lifetime
        "active": RUNNING,
        "success": Outcome.SUCCEEDED,
        "failed": Outcome.FAILED,
        "cancelled": Outcome.CANCELLED,
    },
    progress_at="progress.percentage",
    reasons_at=("progress.step",),
    # Entries are `{code, title, message, params[]}`: https://developer.bentley.com/apis/realitydataanalysis/operations/jobs-get
    evidence=Evidence(
        path="/realitydataanalysis/jobs/{jobId}",
        at=("job.executionInformation.errors", "job.executionInformation.warnings"),
        says=("code", "title", "message", "params"),
    ),
    ids_at={"jobId": "job.id"},
    event=JobEvent(types=("realityAnalysis.jobCompleted.v1",), ids_at={"jobId": "content.jobId"}),
    # "Client should query with a backoff intervals [15,30,60,120] seconds. [...] If the percentage changes the
    # sequence is restarted."  That the last interval repeats is our interpretation.
    polling=Schedule.seconds(15, 30, 60, 120),
    lifetime=timedelta(days=30),
    retention=timedelta(days=30),  # the progress "won't be available after 30 days"
)
