"""The bodies as the documentation has them, member by member."""

from datetime import UTC, datetime, timedelta

import pytest

from local.simulator.apis import ACCESS_CONTROL, REALITY_ANALYSIS, REPORTING, SCHEDULES, View
from local.simulator.clock import State

ITWIN_JOB = {"id": "6c9aba19-76f5-4a21-a4df-a8512df2201e", "jobId": "fb936e1f-5a60-4fe0-8237-e7afbf47512b"}
EXTRACTION = "https://api.bentley.com/insights/reporting/datasources/extraction/status/40f71ed2"


def view(word, percentage=0, *, ids, url="http://sim/", issues=False, in_full=False, began=None, since=0):
    state = State(word, percentage, timedelta(seconds=since), issues=issues)
    return View(ids, began or datetime(2019, 11, 15, 12, tzinfo=UTC), (state,), url, "http://sim", in_full=in_full)


def test_access_control():
    """The page's own example."""
    assert ACCESS_CONTROL.body(view("Active", ids=ITWIN_JOB)) == {
        "id": "fb936e1f-5a60-4fe0-8237-e7afbf47512b",
        "itwinId": "6c9aba19-76f5-4a21-a4df-a8512df2201e",
        "status": "Active",
    }


@pytest.mark.parametrize(
    ("issues", "in_full", "expected"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_access_control_lists_errors_when_there_are_some_and_they_are_asked_for(issues, in_full, expected):
    body = ACCESS_CONTROL.body(view("Failed", ids=ITWIN_JOB, issues=issues, in_full=in_full))
    assert isinstance(body, dict)
    assert ("errors" in body) is expected
    assert all(error.keys() == {"code", "message", "target"} for error in body.get("errors", []))


@pytest.mark.parametrize(
    ("word", "percentage", "step"),
    [("active", 56, "Prepare_Production"), ("unsubmitted", 0, ""), ("success", 100, "")],  # the first is the page's own
)
def test_reality_analysis(word, percentage, step):
    body = REALITY_ANALYSIS.body(view(word, percentage, ids={"jobId": "1"}))
    assert body == {"progress": {"percentage": percentage, "state": word, "step": step}}


@pytest.mark.parametrize(
    ("word", "reason", "issues"),
    [("Succeeded", "Completed", True), ("Running", "Not completed yet.", False)],  # the first is the page's own
)
def test_reporting(word, reason, issues):
    assert REPORTING.body(view(word, ids={"jobId": "40f71ed2"}, url=EXTRACTION, issues=issues)) == {
        "status": {
            "state": word,
            "reason": reason,
            "containsIssues": issues,
            "_links": {"logs": {"href": f"{EXTRACTION}/logs"}},
        }
    }


def test_schedules():
    """The page's own example."""
    a_year = timedelta(days=366).total_seconds()
    ids = {"scheduleId": "s", "operationId": "bdc8fb5d-ce72-42f9-8818-bb2942927428"}
    assert SCHEDULES.body(view("Failed", 100, ids=ids, since=a_year)) == {
        "operation": {
            "createdAt": "2019-11-15T12:00:00Z",
            "failureDescription": "An error occurred whilst processing your request.",
            "id": "bdc8fb5d-ce72-42f9-8818-bb2942927428",
            "percentComplete": 100,
            "status": "Failed",
            "subStatus": "Failed",
            "updatedAt": "2020-11-15T12:00:00Z",
        }
    }


def test_schedules_under_way():
    body = SCHEDULES.body(view("Started", 40, ids={"scheduleId": "s", "operationId": "o"}))
    assert isinstance(body, dict)
    operation = body["operation"]
    assert (operation["failureDescription"], operation["subStatus"], operation["percentComplete"]) == (None, None, 40)
