"""What the documents of a job tell of its errors, over HTTP."""

import pytest

from tests.integration.simulator.family import by_path, job, within

STORAGE = by_path("/synchronization/imodels/storageconnections/c1/runs/{}")
MANIFEST = by_path("/synchronization/imodels/manifestconnections/c1/runs/{}")
EXPORT = by_path("/export/connections/c1/runs/{}")
EXTRACTION = by_path("/grouping-and-mapping/datasources/imodel-mappings/extractions/{}")
COMPARISON = by_path("/changedelements/comparisonjob/{}/itwin/t1/imodel/i1")
DIFF = by_path("/changedelements/diff/{}")

REALITY_V2 = ["reality-analysis", "reality-modeling", "reality-conversion"]


def found(body, path):
    """What is at a path; None if nothing is."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


@pytest.mark.parametrize("root", REALITY_V2)
@pytest.mark.parametrize(
    ("job_id", "errors", "warnings"), [("fail", 1, 1), ("issue", 0, 1), ("cancel", 0, 0), ("1", 0, 0)]
)
def test_messages(simulator, root, job_id, errors, warnings):
    job(simulator, by_path(f"/{root}/jobs/{{}}/progress"), job_id)
    messages = simulator.get(f"/{root}/jobs/{job_id}/messages").json()["messages"]
    assert (len(messages["errors"]), len(messages["warnings"])) == (errors, warnings)
    for message in messages["errors"] + messages["warnings"]:
        assert message.keys() == {"code", "title", "message", "params"}
        for number, _ in enumerate(message["params"], start=1):
            assert f"%{number}" in message["message"]


@pytest.mark.parametrize("root", REALITY_V2)
def test_a_job_of_reality_v2(simulator, root):
    job(simulator, by_path(f"/{root}/jobs/{{}}/progress"), "1")
    found_job = simulator.get(f"/{root}/jobs/1").json()["job"]
    assert (found_job["id"], found_job["state"]) == ("1", "Success")
    assert found_job["executionInfo"].keys() == {"createdDateTime", "startedDateTime", "endedDateTime"}
    for document in ("", "/messages"):
        assert simulator.get(f"/{root}/jobs/missing{document}").json()["error"]["code"] == "JobNotFound"


@pytest.mark.parametrize("path", ["/realityconversion/jobs/{}/progress", "/contextcapture/jobs/{}"])
@pytest.mark.parametrize(("job_id", "errors"), [("fail", 1), ("1", 0)])
def test_execution_information(simulator, path, job_id, errors):
    job(simulator, by_path(path), job_id)
    answer = simulator.get(path.format(job_id).removesuffix("/progress"))
    execution = answer.json()["job"]["executionInformation"]
    assert len(execution.get("errors", [])) == len(execution.get("warnings", [])) == errors
    assert execution["startedDateTime"] <= execution["endedDateTime"]


@pytest.mark.parametrize(
    ("path", "where", "told", "when_well"),
    [
        ("/insights/carbon-calculation/ec3/jobs/{}", "job.message", str, None),
        ("/insights/carbon-calculation/oneclicklca/jobs/{}", "job.message", str, ""),
        ("/library/jobs/{}", "job.error", dict, None),
        ("/mesh-export/{}", "export.error", dict, None),
        ("/changedelements/comparisonjob/{}/itwin/t1/imodel/i1", "comparisonJob.errorDetails", str, None),
        ("/changedelements/diff/{}", "job.error", dict, None),
        ("/transformations/{}", "transformation.errorMessage", str, ""),
        ("/synchronization/imodels/storageconnections/c1/runs/{}", "run.error", dict, None),
        ("/synchronization/imodels/manifestconnections/c1/runs/{}", "run.error", dict, None),
    ],
)
def test_the_status_tells_why_a_job_failed(simulator, path, where, told, when_well):
    kind = by_path(path)
    why = found(job(simulator, kind, "fail"), where)
    assert isinstance(why, told)
    assert why
    assert found(job(simulator, kind, "1"), where) == when_well
    assert found(job(simulator, kind, "forever"), where) == when_well


@pytest.mark.parametrize("path", ["/itwins/exports/{}", "/imodels/{}/operations/create"])
def test_others_do_not_tell(simulator, path):
    (body,) = job(simulator, by_path(path), "fail").values()
    assert not [name for name in body if "error" in name.lower()]


def test_a_diff_job_may_tell_a_text(simulator):
    assert isinstance(job(simulator, DIFF, "failed-with-text")["job"]["error"], str)


@pytest.mark.parametrize("kind", [STORAGE, MANIFEST, EXPORT], ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("job_id", "results", "errors"),
    [
        ("1", ["Success", "Success"], [True, False]),  # the error of a task that succeeded is the pages' own
        ("fail", ["Success", "Error"], [True, True]),
        ("partial", ["Success", "Error"], [True, True]),
        ("timeout", ["Success", "TimedOut"], [True, True]),
        ("cancel", ["Success", "Cancelled"], [True, False]),
        ("forever", ["Undetermined", "Undetermined"], [False, False]),
    ],
)
def test_tasks_of_a_run(simulator, kind, job_id, results, errors):
    run = within(job(simulator, kind, job_id), "run")
    (only,) = run["jobs"]
    assert [task["result"] for task in only["tasks"]] == results
    assert ["error" in task for task in only["tasks"]] == errors
    assert only["result"] == run["result"]
    assert (run["endDateTime"] is None) == (job_id == "forever")
    for task in only["tasks"]:
        for name in ("errorCode", "message", "description"):
            assert "error" not in task or task["error"][name]


def test_a_run_that_waits_has_no_jobs(simulator):
    simulator.clock(EXPORT.path.format("1"), seconds=600)
    run = simulator.get(EXPORT.path.format("1")).json()["run"]
    assert (run["state"], run["endDateTime"], run["jobs"]) == ("NotStarted", None, [])


def test_an_extraction_leads_to_its_logs(simulator, address):
    path = EXTRACTION.path.format("a%2Fissue")
    links = job(simulator, EXTRACTION, "a%2Fissue")["extraction"]["_links"]
    assert links == {"status": {"href": f"{address}{path}"}, "logs": {"href": f"{address}{path}/logs"}}
    entries = simulator.get(links["logs"]["href"]).json()["logs"]
    assert [(entry["state"], entry["level"], entry["category"]) for entry in entries] == [
        ("PartiallySucceeded", "Information", "StateChange"),
        ("Running", "Warning", "GroupQuery"),
        ("Running", "Information", "StateChange"),
        ("Queued", "Information", "StateChange"),
    ]
    for entry in entries:
        assert entry.keys() == {"state", "dateTime", "contextType", "contextId", "level", "category", "message"}


def test_a_failed_extraction_logs_an_error(simulator):
    job(simulator, EXTRACTION, "fail")
    entries = simulator.get(f"{EXTRACTION.path.format('fail')}/logs").json()["logs"]
    assert [entry["level"] for entry in entries if entry["level"] != "Information"] == ["Error"]


def test_a_long_log_of_an_extraction_has_pages(simulator, address):
    path = EXTRACTION.path.format("many-pages")
    job(simulator, EXTRACTION, "many-pages")
    url, entries, sizes = f"{path}/logs?$top=120", [], []
    while url:
        page = simulator.get(url).raise_for_status().json()
        assert page["_links"]["self"]["href"] == f"{address}{path}/logs?$top=120"
        entries += page["logs"]
        sizes += [len(page["logs"])]
        url = page["_links"].get("next", {}).get("href")
    assert sizes == [120, 120, 10]
    assert sum(entry["level"] == "Warning" for entry in entries) == 5


@pytest.mark.parametrize("query", ["$top=0", "$top=1001", "$continuationToken=x"])
def test_a_log_refuses_what_makes_no_sense(simulator, query):
    answer = simulator.get(f"{EXTRACTION.path.format('1')}/logs?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "InvalidInsightsRequest")
