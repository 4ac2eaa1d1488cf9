"""Schedules operations: https://dev-developer.bentley.com/apis/schedules/operations/get-scheduleid-operations-operationid."""

from shared.core.evidence import Evidence
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

SCHEDULES = RemoteApi(
    name="schedules",
    path="/schedules/{scheduleId}/operations/{operationId}",
    guids=frozenset({"scheduleId", "operationId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="operation.status",
    vocabulary={
        "Queued": RUNNING,
        "Started": RUNNING,
        "Unknown": RUNNING,  # not explained on the page: the deadline bounds it
        "Succeeded": Outcome.SUCCEEDED,
        "Failed": Outcome.FAILED,  # with percentComplete 100 in the page's example
    },
    progress_at="operation.percentComplete",
    reasons_at=("operation.failureDescription",),
    evidence=Evidence(at=("operation",), says=("subStatus", "failureDescription")),
    conditional=True,  # "a 304 (Not Modified) response is returned"
    # The page documents no polling interval: the schedules are our defaults.
)
