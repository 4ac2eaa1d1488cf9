"""The first four status endpoints, over HTTP; test_family.py has what all share."""

import pytest

ACCESS_CONTROL = "/accesscontrol/itwins/t1/jobs/{}"
REALITY_ANALYSIS = "/realitydataanalysis/jobs/{}/progress"
REPORTING = "/insights/reporting/datasources/extraction/status/{}"
SCHEDULES = "/schedules/s1/operations/{}"
PATHS = [ACCESS_CONTROL, REALITY_ANALYSIS, REPORTING, SCHEDULES]

V1 = "application/vnd.bentley.itwin-platform.v1+json"
V2 = "application/vnd.bentley.itwin-platform.v2+json"


def word(body):
    """The status word, wherever it is."""
    inner = body.get("progress") or body.get("operation") or body
    return inner.get("state") or (inner["status"]["state"] if isinstance(inner["status"], dict) else inner["status"])


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [
        (ACCESS_CONTROL, "Active", "Completed"),
        (REALITY_ANALYSIS, "unsubmitted", "success"),
        (REPORTING, "Queued", "Succeeded"),
        (SCHEDULES, "Queued", "Succeeded"),
    ],
)
def test_a_job_begins_when_first_asked_about_and_ends(simulator, path, first, last):
    path = path.format("1")
    answer = simulator.get(path)
    assert (answer.status_code, word(answer.json())) == (200, first)
    assert answer.headers["content-type"].startswith("application/json")
    assert word(simulator.ended(path).json()) == last
    assert word(simulator.get(path).json()) == last


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (ACCESS_CONTROL, {"code": "ItwinNotFound", "message": "Requested iTwin is not available."}),
        (REALITY_ANALYSIS, {"code": "ProgressNotFound", "message": "Requested progress is not available."}),
        (
            REPORTING,
            {
                "code": "ExtractionStatusNotFound",
                "message": "Requested ExtractionStatus is not available.",
                "target": "jobId",
            },
        ),
        (
            SCHEDULES,
            {"code": "OperationNotFound", "message": "Requested Operation is not available.", "target": "operationId"},
        ),
    ],
)
def test_a_missing_job(simulator, path, expected):
    answer = simulator.get(path.format("missing-1"))
    assert (answer.status_code, answer.json()) == (404, {"error": expected})


@pytest.mark.parametrize("path", PATHS)
def test_a_forbidden_job(simulator, path):
    answer = simulator.get(path.format("forbidden-1"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "InsufficientPermissions")


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [(ACCESS_CONTROL, V2, V1), (REALITY_ANALYSIS, V1, V2), (REPORTING, V1, V2), (SCHEDULES, V1, V2)],
)
def test_accept(simulator, path, right, wrong):
    def status(accept):
        return simulator.get(path.format("1"), headers={"Accept": accept}).status_code

    assert status(right) == status("*/*") == status(f"{wrong}, */*;q=0.1") == status(f"{wrong}, {right}") == 200
    assert status(wrong) == 406
    del simulator.headers["Accept"]
    assert simulator.get(path.format("1")).status_code == 200
    assert "accept" not in simulator.requests()[-1]["headers"]


def test_prefer(simulator):
    path = ACCESS_CONTROL.format("partial-1")
    assert "errors" not in simulator.ended(path, ends="PartialCompleted").json()
    assert "errors" not in simulator.get(path, headers={"prefer": "return=minimal"}).json()
    assert simulator.get(path, headers={"Prefer": "wait=5, return=representation"}).json()["errors"]


def test_links_lead_back_to_where_the_request_came_to(simulator, address):
    path = REPORTING.format("a%2Fb")
    assert simulator.get(path).json()["status"]["_links"]["logs"]["href"] == f"{address}{path}/logs"
    links = simulator.get(path, headers={"Host": "itwin.test:81"}).json()["status"]["_links"]
    assert links["logs"]["href"] == f"http://itwin.test:81{path}/logs"


def test_an_encoded_id_comes_back_decoded(simulator):
    assert simulator.get(ACCESS_CONTROL.format("a%2Fb%20c")).json()["id"] == "a/b c"


@pytest.mark.parametrize(
    "path", ["/", "/schedules", "/schedules/s1/operations/", "/realitydataanalysis/jobs/a/b/progress"]
)
def test_an_unknown_path(simulator, path):
    answer = simulator.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")


@pytest.mark.parametrize("path", PATHS)
def test_another_method(simulator, path):
    assert simulator.post(path.format("1")).status_code == 405


def test_an_etag_changes_with_the_job_and_not_before(simulator):
    path = SCHEDULES.format("forever-1")
    first = simulator.get(path)
    etag = first.headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        same = simulator.get(path, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    assert simulator.get(path, headers={"If-None-Match": '"other"'}).json() == first.json()

    ended = simulator.ended(path, ends="Failed")
    assert ended.headers["ETag"] != etag
    assert simulator.get(path, headers={"If-None-Match": etag}).json()["operation"]["status"] == "Failed"


@pytest.mark.parametrize("path", [ACCESS_CONTROL, REALITY_ANALYSIS, REPORTING])
def test_the_others_have_no_etag(simulator, path):
    answer = simulator.get(path.format("1"), headers={"If-None-Match": "*"})
    assert answer.status_code == 200
    assert "etag" not in answer.headers
