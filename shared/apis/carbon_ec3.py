"""Carbon Calculation, EC3 jobs: https://developer.bentley.com/apis/carbon-calculation/operations/get-ec3-job-status."""

from shared.core.evidence import Evidence
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

CARBON_EC3 = RemoteApi(
    name="carbon-ec3",
    path="/insights/carbon-calculation/ec3/jobs/{jobId}",
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="job.status",
    # The words of Bentley's client: @itwin/insights-client 0.17.0.
    vocabulary={
        "Queued": RUNNING,
        "Running": RUNNING,
        "Succeeded": Outcome.SUCCEEDED,
        "Failed": Outcome.FAILED,
    },
    reasons_at=("job.message",),  # null unless something went wrong
    evidence=Evidence(at=("job.message",)),
    ids_at={"jobId": "job.id"},
    # The page documents no polling interval: the schedules are our defaults.
)
