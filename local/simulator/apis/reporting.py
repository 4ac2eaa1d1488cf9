"""Extractions of Reporting, v1.

https://developer.bentley.com/apis/insights/operations/get-extraction-status
"""

from __future__ import annotations

from typing import Any

from local.simulator.apis.api import Api, View
from local.simulator.clock import Ending
from local.simulator.errors import TOO_MANY_REQUESTS, Problem

#: `reason` is free text.  Seen in the pages: the first and the second.
REASONS = {
    "Queued": "Not completed yet.",
    "Running": "Not completed yet.",
    "Succeeded": "Completed",
    "Failed": "Failed",  # unconfirmed
}


def _body(view: View) -> dict[str, Any]:
    return {
        "status": {
            "state": view.state.word,
            "reason": REASONS[view.state.word],
            "containsIssues": view.state.issues,
            "_links": {"logs": {"href": f"{view.url}/logs"}},
        }
    }


REPORTING = Api(
    name="reporting",
    path="/insights/reporting/datasources/extraction/status/{jobId}",
    version=1,
    words=("Queued", "Running"),  # Queued is in no page, but in the enum of Bentley's client for this endpoint
    success=Ending("Succeeded"),
    endings={
        "fail": Ending("Failed", issues=True),
        "partial": Ending("Succeeded", issues=True),
        "issue": Ending("Succeeded", issues=True),
        "pages": Ending("Succeeded", issues=True),
    },
    missing=Problem(404, "ExtractionStatusNotFound", "Requested ExtractionStatus is not available.", "jobId"),
    throttled=TOO_MANY_REQUESTS,
    body=_body,
)
