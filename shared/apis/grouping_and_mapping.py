"""Grouping & Mapping extractions.

https://developer.bentley.com/apis/grouping-and-mapping/operations/get-extraction-status
"""

from shared.core.evidence import Evidence
from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

GROUPING_AND_MAPPING = RemoteApi(
    name="grouping-and-mapping",
    path="/grouping-and-mapping/datasources/imodel-mappings/extractions/{extractionId}",
    guids=frozenset({"extractionId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="extraction.state",
    # The words of Bentley's client: @itwin/insights-client 0.17.0.
    vocabulary={
        "Queued": RUNNING,
        "Running": RUNNING,
        "Succeeded": Outcome.SUCCEEDED,
        "PartiallySucceeded": Outcome.PARTIAL,
        "Failed": Outcome.FAILED,
    },
    # https://developer.bentley.com/apis/grouping-and-mapping/operations/get-extraction-logs: the entries are mostly
    # changes of state, which have the level "Information".
    evidence=Evidence(
        path="/grouping-and-mapping/datasources/imodel-mappings/extractions/{extractionId}/logs",
        link_at="extraction._links.logs.href",
        next_at="_links.next.href",
        at=("logs",),
        says=("level", "category", "message"),
        issue={"level": ("Warning", "Error")},
    ),
    ids_at={"extractionId": "extraction.id"},
    # The page documents no polling interval: the schedules are our defaults.
)
