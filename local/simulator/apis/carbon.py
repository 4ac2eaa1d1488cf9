"""Uploads to EC3 and One Click LCA, of Carbon Calculation, v1.

https://developer.bentley.com/apis/carbon-calculation/operations/get-ec3-job-status
https://developer.bentley.com/apis/carbon-calculation/operations/get-oneclicklca-job-status

Bodies: Bentley's Swagger 2.0 and types, iTwin/insights-client, src/carbon-calculation.
"""

from __future__ import annotations

from local.simulator.apis.api import Api
from local.simulator.apis.start import Reply, Start, guid4
from local.simulator.apis.values import guid
from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import TOO_MANY_REQUESTS, Problem

WORDS = ("Queued", "Running")
SUCCESS = Ending("Succeeded")
ENDINGS = {"fail": Ending("Failed", issues=True)}

MISSING = Problem(404, "JobNotFound", "Requested Job is not available.", "jobId")

WRONG = "The report has no column for the material."  # unconfirmed: no example has a message


def _ec3(view: View) -> Body:
    """`message` is "null if no issue has occured"."""
    project = f"https://buildingtransparency.org/ec3/projects/{guid(view.ids['jobId'])}"
    return {
        "job": {
            "status": view.state.word,
            "message": WRONG if view.state.issues else None,
            "_links": {"ec3Project": {"href": project}},
        }
    }


def _one_click_lca(view: View) -> Body:
    """The example's `message` is an empty text."""
    job_id = view.ids["jobId"]
    report, _, token = job_id.partition("_")
    site = "https://www.oneclicklcaapp.com/app/sec/importMapper/index"
    return {
        "job": {
            "id": job_id,
            "fileToken": token or guid(job_id),
            "status": view.state.word,
            "message": WRONG if view.state.issues else "",
            "_links": {
                "report": {"href": f"{view.origin}/insights/reporting/reports/{report}"},
                "oneclicklca": {"href": f"{site}?applicationId=IFC&importFilePath={token}"},
            },
        }
    }


def _ec3_begun(view: View) -> Reply:
    return Reply(200, {"job": {"id": view.ids["jobId"], "_links": {"status": {"href": view.url}}}})


def _one_click_lca_begun(view: View) -> Reply:
    job_id = view.ids["jobId"]
    report = f"{view.origin}/insights/reporting/reports/{job_id.partition('_')[0]}"
    return Reply(200, {"job": {"id": job_id, "_links": {"report": {"href": report}, "job": {"href": view.url}}}})


CARBON_EC3 = Api(
    name="carbon-ec3",
    path="/insights/carbon-calculation/ec3/jobs/{jobId}",
    version=1,
    words=WORDS,
    success=SUCCESS,
    endings=ENDINGS,
    missing=MISSING,  # unconfirmed: the page of One Click LCA has it, that of EC3 ends before its 404
    throttled=TOO_MANY_REQUESTS,
    body=_ec3,
    starts=(
        Start(
            path="/insights/carbon-calculation/ec3/jobs",
            ids=lambda _: {"jobId": guid4()},
            reply=_ec3_begun,
        ),
    ),
)

CARBON_ONECLICKLCA = Api(
    name="carbon-oneclicklca",
    path="/insights/carbon-calculation/oneclicklca/jobs/{jobId}",
    version=1,
    words=WORDS,
    success=SUCCESS,
    endings=ENDINGS,
    missing=MISSING,
    throttled=TOO_MANY_REQUESTS,
    body=_one_click_lca,
    starts=(
        Start(
            path="/insights/carbon-calculation/oneclicklca/jobs",
            ids=lambda order: {"jobId": f"{order.body.get('reportId') or guid4()}_{guid4()}"},
            reply=_one_click_lca_begun,
        ),
    ),
)
