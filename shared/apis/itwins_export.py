"""Exports of iTwins, a technical preview: https://developer.bentley.com/apis/iTwins/operations/get-export."""

from shared.core.model import Outcome
from shared.core.remote import RUNNING, RemoteApi

ITWINS_EXPORT = RemoteApi(
    name="itwins-export",
    path="/itwins/exports/{exportId}",
    guids=frozenset({"exportId"}),
    headers={"Accept": "application/vnd.bentley.itwin-platform.v1+json"},
    status_at="export.status",
    # The words of Bentley's client, whose "Failed" the page lacks: https://github.com/iTwin/itwins-client
    vocabulary={
        "Queued": RUNNING,
        "InProgress": RUNNING,
        "Completed": Outcome.SUCCEEDED,
        "Failed": Outcome.FAILED,
    },
    ids_at={"exportId": "export.id"},
    # The page documents no polling interval: the schedules are our defaults.
)
