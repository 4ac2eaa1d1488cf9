"""Extractions of Reporting, v1.

https://developer.bentley.com/apis/insights/operations/get-extraction-status
"""

from __future__ import annotations

import secrets
from string import ascii_lowercase, digits

from local.simulator.apis.api import Api, Document
from local.simulator.apis.logs import Log, page
from local.simulator.apis.start import Reply, Start
from local.simulator.apis.values import guid
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending, State
from local.simulator.errors import TOO_MANY_REQUESTS, Problem

#: `reason` is free text.  Seen in the pages: the first and the second.
REASONS = {
    "Queued": "Not completed yet.",
    "Running": "Not completed yet.",
    "Succeeded": "Completed",
    "Failed": "Failed",  # unconfirmed
}

PATH = "/insights/reporting/datasources/extraction/status/{jobId}"

NO_LOG = Problem(404, "ExtractionLogNotFound", "Requested ExtractionLog is not available.", "jobId")


def _body(view: View) -> Body:
    return {
        "status": {
            "state": view.state.word,
            "reason": REASONS[view.state.word],
            "containsIssues": view.state.issues,
            "_links": {"logs": {"href": f"{view.url}/logs"}},
        }
    }


def _logs(view: View) -> Body | Problem:
    """The slash before the query is as in the documentation's own links."""
    return page(view, LOG, f"{view.url.removesuffix('/')}/?")


def _step(view: View, word: str) -> Body:
    """Return an entry that is not an issue: the page has "Information", "Unknown" and null for those."""
    return _context(view, word) | {
        "level": "Information",
        "category": "Unknown",
        "message": None,
        "containsIssues": False,
    }


def _issue(view: View, state: State) -> Body:
    """The page's example is the warning; the error is unconfirmed."""
    failed, imodel = state.word == "Failed", guid(view.ids["jobId"])
    return _context(view, "Running") | {
        "level": "Error" if failed else "Warning",
        "category": "QueryExecution" if failed else "GroupQuery",
        "message": f"iModel {imodel} could not be queried." if failed else f"iModel {imodel} has 0 mappings.",
        "containsIssues": True,
    }


def _context(view: View, word: str) -> Body:
    job_id = view.ids["jobId"]
    return {"reason": REASONS[word], "jobId": job_id, "contextType": "IModel", "contextId": guid(job_id)}


def _begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/insights/operations/run-extraction."""
    return Reply(200, {"run": {"id": view.ids["jobId"], "_links": {"status": {"href": view.url}}}})


def _new() -> str:
    """Return an id in the form of that page's example, which is no GUID: two parts of 25 and 48 letters and digits."""
    return "-".join("".join(secrets.choice(ascii_lowercase + digits) for _ in range(length)) for length in (25, 48))


LOG = Log(job_id="jobId", step=_step, issue=_issue)

REPORTING = Api(
    name="reporting",
    path=PATH,
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
    documents=(
        # Bentley's own client asks for `/logs/?$top=...`, its documentation for `/logs`.
        Document(path=f"{PATH}/logs", missing=NO_LOG, body=_logs),
        Document(path=f"{PATH}/logs/", missing=NO_LOG, body=_logs),
    ),
    starts=(
        Start(
            path="/insights/reporting/datasources/imodels/{imodelId}/extraction/run",
            ids=lambda _: {"jobId": _new()},
            reply=_begun,
        ),
    ),
)
