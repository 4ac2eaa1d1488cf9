"""Synchronization, runs of storage connections.

https://developer.bentley.com/apis/synchronization/operations/get-storage-connection-run
"""

from shared.core.evidence import Evidence
from shared.core.job_event import JobEvent
from shared.core.model import Outcome
from shared.core.remote import ENDED, RUNNING, RemoteApi

SYNCHRONIZATION_STORAGE = RemoteApi(
    name="synchronization-storage",
    path="/synchronization/imodels/storageconnections/{connectionId}/runs/{runId}",
    guids=frozenset({"runId"}),  # or 40 hex digits
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="run.state",
    vocabulary={
        "NotStarted": RUNNING,
        "Idle": RUNNING,
        "Queued": RUNNING,
        "WaitingToExecute": RUNNING,
        "WaitingToRetry": RUNNING,
        "Executing": RUNNING,
        "Finalizing": RUNNING,
        "Completed": ENDED,
    },
    result_at="run.result",
    results={
        "Success": Outcome.SUCCEEDED,
        "PartialSuccess": Outcome.PARTIAL,
        "Error": Outcome.FAILED,
        "TimedOut": Outcome.FAILED,
        "Cancelled": Outcome.CANCELLED,
        # Unconfirmed: what "Skipped" means of a whole run, and whether one that has ended can be "Undetermined".
        "Skipped": Outcome.PARTIAL,
        "Undetermined": Outcome.PARTIAL,
    },
    reasons_at=("run.error.description", "run.error.errorKey"),
    # The page's example has an error also in tasks whose result is Success.
    evidence=Evidence(
        at=("run.jobs.tasks",),
        says=("result", "error.errorCode", "error.description"),
        issue={"result": ("Error", "TimedOut", "PartialSuccess", "Cancelled")},
    ),
    ids_at={"connectionId": "run.connectionId", "runId": "run.id"},  # of the run itself: a start has no body
    # Unconfirmed: that its `synchronizationId` is the id of the run.
    event=JobEvent(
        types=("synchronization.jobCompleted.v1",),
        ids_at={"connectionId": "content.connectionId", "runId": "content.synchronizationId"},
    ),
    # The page documents no polling interval: the schedules are our defaults.
)
