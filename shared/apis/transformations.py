"""Transformations: https://developer.bentley.com/apis/transformations-v2/operations/get-transformation/."""

from shared.core.evidence import Evidence
from shared.core.job_event import JobEvent
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

TRANSFORMATIONS = RemoteApi(
    name="transformations",
    path="/transformations/{transformationId}",
    reserved=frozenset({"configurations"}),  # a collection of its own
    guids=frozenset({"transformationId"}),
    # Members as in Bentley's sample, https://github.com/iTwin/transformations-api-sample, which asks for version 2.
    # Version 1 has the same path and words, but counts at `processedElementCount`.
    headers={"Accept": "application/vnd.bentley.itwin-platform.v2+json"},
    status_at="transformation.status",
    vocabulary={
        "Created": RUNNING,  # may wait long for others with the same target ("Enable-Transformation-Queueing")
        "Initializing": RUNNING,
        "Started": RUNNING,
        "Succeeded": Outcome.SUCCEEDED,
        "Failed": Outcome.FAILED,
        "Aborted": Outcome.CANCELLED,  # by a user
    },
    progress_at="transformation.processedEntityCount",
    progress_of="transformation.totalEntityCount",
    reasons_at=("transformation.errorMessage",),
    evidence=Evidence(at=("transformation",), says=("errorCode", "errorMessage")),  # the code is a number
    ids_at={"transformationId": "transformation.id"},
    event=JobEvent(types=("transformations.jobCompleted.v1",), ids_at={"transformationId": "content.transformationId"}),
    # The page documents no polling interval: the schedules are our defaults.
)
