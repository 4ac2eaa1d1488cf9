"""Access Control iTwin jobs: https://developer.bentley.com/apis/access-control-v2/operations/get-itwin-job."""

from shared.core.evidence import Evidence
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

ACCESS_CONTROL = RemoteApi(
    name="access-control",
    path="/accesscontrol/itwins/{itwinId}/jobs/{jobId}",
    guids=frozenset({"itwinId", "jobId"}),
    headers={
        "Accept": "application/vnd.bentley.itwin-platform.v2+json",  # jobs came with version 2
        "Prefer": "return=representation",  # "To find the specific errors of the iTwin job"
    },
    status_at="status",
    vocabulary={
        "Active": RUNNING,
        "Completed": Outcome.SUCCEEDED,
        "PartialCompleted": Outcome.PARTIAL,
        "Failed": Outcome.FAILED,
    },
    reasons_at=("errors", "error"),  # the page says "errors", Bentley's TypeScript client "error"
    evidence=Evidence(at=("errors", "error")),
    ids_at={"itwinId": "itwinId", "jobId": "id"},
    # The page documents no polling interval: the schedules are our defaults.
)
