"""Extractions of Grouping & Mapping, v1.

https://developer.bentley.com/apis/grouping-and-mapping/operations/get-extraction-status
"""

from __future__ import annotations

from local.simulator.apis.api import Api, Document
from local.simulator.apis.logs import Log, page
from local.simulator.apis.start import Reply, Start, guid4
from local.simulator.apis.values import guid
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending, State
from local.simulator.errors import TOO_MANY_REQUESTS, Problem

#: Unconfirmed, both: the pages end before their 404.
MISSING = Problem(404, "ExtractionNotFound", "Requested Extraction is not available.", "extractionId")
NO_LOG = Problem(404, "ExtractionLogNotFound", "Requested ExtractionLog is not available.", "extractionId")

PATH = "/grouping-and-mapping/datasources/imodel-mappings/extractions/{extractionId}"


def _body(view: View) -> Body:
    return {
        "extraction": {
            "id": view.ids["extractionId"],
            "state": view.state.word,
            "startedOn": view.began.isoformat(timespec="seconds"),
            "_links": {"status": {"href": view.url}, "logs": {"href": f"{view.url}/logs"}},
        }
    }


def _logs(view: View) -> Body | Problem:
    return page(view, LOG, f"{view.url}?")


def _step(view: View, word: str) -> Body:
    """The page's example is the end of an extraction; the messages of other states are unconfirmed."""
    return _context(view) | {
        "level": "Information",
        "category": "StateChange",
        "message": "Completed" if word == view.state.word and view.state.ended else "Not completed yet.",
    }


def _issue(view: View, state: State) -> Body:
    """Levels and categories are from Bentley's client; the messages are unconfirmed."""
    if state.word == "Failed":
        return _context(view) | {
            "level": "Error",
            "category": "QueryExecution",
            "message": f"iModel {_imodel(view)} could not be queried.",
        }
    return _context(view) | {
        "level": "Warning",
        "category": "GroupQuery",
        "message": f"iModel {_imodel(view)} has 0 mappings.",
    }


def _context(view: View) -> Body:
    return {"contextType": "IModel", "contextId": _imodel(view)}


def _imodel(view: View) -> str:
    return guid(view.ids["extractionId"])


def _begun(view: View) -> Reply:
    """https://developer.bentley.com/apis/grouping-and-mapping/operations/run-extraction.

    Unconfirmed: 201 rather than another 2xx.
    """
    return Reply(201, _body(view))


LOG = Log(job_id="extractionId", step=_step, issue=_issue)

GROUPING_AND_MAPPING = Api(
    name="grouping-and-mapping",
    path=PATH,
    version=1,
    words=("Queued", "Running"),
    success=Ending("Succeeded"),
    endings={
        "fail": Ending("Failed", issues=True),
        "partial": Ending("PartiallySucceeded", issues=True),
        "issue": Ending("PartiallySucceeded", issues=True),
        "pages": Ending("PartiallySucceeded", issues=True),
    },
    missing=MISSING,
    throttled=TOO_MANY_REQUESTS,
    body=_body,
    documents=(Document(path=f"{PATH}/logs", missing=NO_LOG, body=_logs),),
    starts=(Start(path=PATH.removesuffix("/{extractionId}"), ids=lambda _: {"extractionId": guid4()}, reply=_begun),),
)
