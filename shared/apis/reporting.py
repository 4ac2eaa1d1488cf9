"""Reporting extractions: https://developer.bentley.com/apis/insights/operations/get-extraction-status."""

from shared.core.evidence import Evidence
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

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
    # https://developer.bentley.com/apis/insights/operations/get-extraction-logs: pages of 100 entries, most of
    # which are state changes.  The link is in the page's example, not in the specification of 2022.
    evidence=Evidence(
        path="/insights/reporting/datasources/extraction/status/{jobId}/logs",
        link_at="status._links.logs.href",
        next_at="_links.next.href",
        at=("logs",),
        says=("level", "category", "message"),
        issue={"containsIssues": (True,), "level": ("Warning", "Error")},
    ),
    ids_at={"jobId": "run.id"},
    # The page documents no polling interval: the schedules are our defaults.
)
