"""Reporting extractions: https://developer.bentley.com/apis/insights/operations/get-extraction-status."""

from shared.model import Outcome
from shared.remote import RUNNING, RemoteApi

REPORTING = RemoteApi(
    name="reporting",
    path="/insights/reporting/datasources/extraction/status/{jobId}",
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="status.state",
    vocabulary={
        "Queued": RUNNING,  # in the enumeration of Bentley's client (@itwin/insights-client 0.6.0), not on the page
        "Running": RUNNING,
        "Succeeded": Outcome.SUCCEEDED,
        "Failed": Outcome.FAILED,
    },
    issues_at="status.containsIssues",  # "If Extraction Log contains an issue, this is marked as true"
    reasons_at=("status.reason",),
    # The page documents no polling interval: the schedules are our defaults.
)
