import re

import httpx
import pytest

STATUS = "/insights/reporting/datasources/extraction/status/{}"


def pages(simulator, url):
    while url:
        body = simulator.get(url).raise_for_status().json()
        yield body
        url = body["_links"].get("next", {}).get("href")


def test_a_log_newest_first(simulator):
    path = STATUS.format("j1")
    simulator.ended(path, ends="Succeeded", issues=True)
    (page,) = pages(simulator, f"{path}/logs")
    entries = [(entry["state"], entry["level"], entry["category"], entry["containsIssues"]) for entry in page["logs"]]
    assert entries == [
        ("Succeeded", "Information", "Unknown", False),
        ("Running", "Warning", "GroupQuery", True),
        ("Running", "Information", "Unknown", False),
        ("Queued", "Information", "Unknown", False),
    ]


def test_an_entry_has_all_documented_members(simulator):
    for entry in simulator.get(f"{STATUS.format('j1')}/logs").json()["logs"]:
        assert entry.keys() == {
            *("state", "reason", "dateTime", "jobId", "contextType", "contextId"),
            *("level", "category", "message", "containsIssues"),
        }
        assert (entry["jobId"], entry["contextType"], entry["message"]) == ("j1", "IModel", None)


@pytest.mark.parametrize(("ends", "issues", "levels"), [("Failed", True, ["Error"]), ("Succeeded", False, [])])
def test_issues_are_told_when_there_are_some(simulator, ends, issues, levels):
    path = STATUS.format("j1")
    status = simulator.ended(path, ends=ends, issues=issues).json()["status"]
    assert (status["state"], status["containsIssues"]) == (ends, issues)
    entries = simulator.get(f"{path}/logs").json()["logs"]
    assert [entry["level"] for entry in entries if entry["containsIssues"]] == levels
    assert all(entry["message"] for entry in entries if entry["containsIssues"])


@pytest.mark.parametrize("end", ["logs", "logs/"])
def test_pages_add_up_to_the_whole(simulator, address, end):
    path = STATUS.format("j%2F1")
    simulator.ended(path, ends="Succeeded", issues=True)
    (whole,) = pages(simulator, f"{path}/{end}")
    single = list(pages(simulator, f"{path}/{end}?$top=1"))
    assert [entry for page in single for entry in page["logs"]] == whole["logs"]
    assert [len(page["logs"]) for page in single] == [1, 1, 1, 1]
    assert [len(page["logs"]) for page in pages(simulator, f"{path}/{end}?$top=3")] == [3, 1]
    assert single[0]["_links"]["self"]["href"] == f"{address}{path}/logs/?$top=1"
    assert single[0]["_links"]["next"]["href"].startswith(f"{address}{path}/logs/?$top=1&$continuationToken=")
    assert "next" not in single[-1]["_links"]


def test_a_page_stays_the_same_while_the_log_grows(simulator):
    """The job ends between two pages."""
    path = STATUS.format("j1")
    simulator.clock(path, seconds=0.2)
    simulator.get(path)
    while simulator.get(path).json()["status"]["state"] != "Running":
        pass
    first = simulator.get(f"{path}/logs?$top=1").json()
    while simulator.get(path).json()["status"]["state"] != "Succeeded":
        pass
    second = simulator.get(first["_links"]["next"]["href"]).json()
    assert [page["logs"][0]["state"] for page in (first, second)] == ["Running", "Queued"]


@pytest.mark.parametrize(
    "query", ["$top=0", "$top=1001", "$top=many", "$continuationToken=x", f"$continuationToken={9:032x}"]
)
def test_bad_queries(simulator, query):
    answer = simulator.get(f"{STATUS.format('j1')}/logs?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "InvalidInsightsRequest")


def test_jobs_without_a_log(simulator):
    answer = simulator.get(f"{STATUS.format('missing')}/logs")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.json() == {
        "error": {
            "code": "ExtractionLogNotFound",
            "message": "Requested ExtractionLog is not available.",
            "target": "jobId",
        }
    }
    assert simulator.get(f"{STATUS.format('forbidden')}/logs").status_code == httpx.codes.FORBIDDEN


def test_a_long_log_has_its_issues_on_every_page(simulator):
    path = STATUS.format("many-pages")
    assert simulator.ended(path).json()["status"]["containsIssues"]
    whole = list(pages(simulator, f"{path}/logs"))
    assert [len(page["logs"]) for page in whole] == [100, 100, 50]
    assert all(any(entry["containsIssues"] for entry in page["logs"]) for page in whole)
    entries = [entry for page in whole for entry in page["logs"]]
    assert sum(entry["containsIssues"] for entry in entries) == 5
    assert all((entry["message"] is None) is not entry["containsIssues"] for entry in entries)


def test_a_log_without_issues_is_short_whatever_the_id(simulator):
    path = STATUS.format("many-pages")
    simulator.ended(path, ends="Succeeded", issues=False)
    assert len(simulator.get(f"{path}/logs").json()["logs"]) == 3


def test_times_have_both_documented_forms(simulator):
    path = STATUS.format("issues")
    simulator.ended(path)
    times = {entry["containsIssues"]: entry["dateTime"] for entry in simulator.get(f"{path}/logs").json()["logs"]}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", times[False])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00", times[True])
