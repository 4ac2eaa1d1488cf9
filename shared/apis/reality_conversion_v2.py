"""Reality Conversion jobs, version 2: https://developer.bentley.com/apis/reality-conversion/operations/jobs-progress/."""

from datetime import timedelta

from shared.core.evidence import Evidence
from shared.core.job_event import JobEvent
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi
from shared.core.schedule import Schedule

REALITY_CONVERSION_V2 = RemoteApi(
    name="reality-conversion-v2",
    path="/reality-conversion/jobs/{jobId}/progress",
    guids=frozenset({"jobId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v2+json"},
    # Where the body has what is unconfirmed: the page shows none.  It is as in Reality Analysis, version 2.
    status_at="progress.state",
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
    # The endpoint is in https://developer.bentley.com/apis/reality-conversion/operations/; its body is unconfirmed too.
    evidence=Evidence(
        path="/reality-conversion/jobs/{jobId}/messages",
        at=("messages.errors", "messages.warnings"),
        says=("code", "title", "message"),
        params_at="params",
    ),
    ids_at={"jobId": "job.id"},
    # Named at https://developer.bentley.com/apis/reality-conversion/; its content is unconfirmed.
    event=JobEvent(types=("realityConversion.jobCompleted.v2",), ids_at={"jobId": "content.jobId"}),
    # The page documents neither an interval nor a retention: these are those of Reality Analysis.
    polling=Schedule.seconds(15, 30, 60, 120),
    lifetime=timedelta(days=30),
)
