"""Reality Analysis jobs, version 2: https://developer.bentley.com/apis/reality-analysis/operations/jobs-progress."""

from datetime import timedelta

from shared.core.evidence import Evidence
from shared.core.job_event import JobEvent
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi
from shared.core.schedule import Schedule

#: Entries are `{code, title, message, params[]}`, and the message names its parameters: "%1".
#: https://developer.bentley.com/apis/reality-analysis/operations/jobs-messages
MESSAGES = Evidence(
    path="/reality-analysis/jobs/{jobId}/messages",
    at=("messages.errors", "messages.warnings"),
    says=("code", "title", "message"),
    params_at="params",
)

REALITY_ANALYSIS_V2 = RemoteApi(
    name="reality-analysis-v2",
    path="/reality-analysis/jobs/{jobId}/progress",
    guids=frozenset({"jobId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v2+json"},
    status_at="progress.state",
    # Words as in Bentley's client: https://github.com/iTwin/reality-capture, typescript/packages/reality-capture
    vocabulary={
        "Queued": RUNNING,
        "Active": RUNNING,
        "TerminatingOnCancel": RUNNING,
        "TerminatingOnFailure": RUNNING,
        "Success": Outcome.SUCCEEDED,
        "Failed": Outcome.FAILED,
        "Cancelled": Outcome.CANCELLED,
    },
    progress_at="progress.percentage",
    evidence=MESSAGES,
    ids_at={"jobId": "job.id"},
    # Unconfirmed: no page names an event of this version.
    event=JobEvent(
        types=("realityAnalysis.jobCompleted.v2", "realityAnalysis.jobCompleted.v1"),
        ids_at={"jobId": "content.jobId"},
    ),
    # "User should query with backoff intervals of 15, 30, 60, 120 seconds. [...] If the percentage changes the sequence
    # is restarted."  That the last interval repeats is our interpretation.
    polling=Schedule.seconds(15, 30, 60, 120),
    lifetime=timedelta(days=30),
    retention=timedelta(days=30),  # the progress "won't be available after 30 days"
)
