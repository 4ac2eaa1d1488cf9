"""The requests that begin a job, over HTTP."""

import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.simulator.family import FAMILY, by_path, within, word

GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
HEX40 = r"[0-9a-f]{40}"
IDS = {"iTwinId": "t1", "iModelId": "i1"}


@dataclass(frozen=True)
class Begins:
    """One way to begin a job."""

    post: str
    status: int
    job: str  #: the path of the status, with {} for the id
    where: str  #: the id or the link to the status: a path in the body, or the name of a header
    id: str = GUID
    body: dict[str, Any] = field(default_factory=dict)
    waits: str = ""  #: the word at which the job waits for its user
    method: str = "POST"


REALITY_V2 = [
    Begins(f"/{root}/jobs", 201, f"/{root}/jobs/{{}}/progress", "job.id", body={"type": "Reconstruction"})
    for root in ("reality-analysis", "reality-modeling", "reality-conversion")
]
BEGINS = [
    Begins("/accesscontrol/itwins/t1/jobs", 201, "/accesscontrol/itwins/t1/jobs/{}", "id"),
    Begins("/realitydataanalysis/jobs", 201, "/realitydataanalysis/jobs/{}/progress", "job.id", waits="unsubmitted"),
    Begins("/realityconversion/jobs", 201, "/realityconversion/jobs/{}/progress", "job.id", waits="unsubmitted"),
    Begins("/contextcapture/jobs", 201, "/contextcapture/jobs/{}", "job.id", waits="unsubmitted"),
    *REALITY_V2,
    Begins(
        "/insights/reporting/datasources/imodels/i1/extraction/run",
        200,
        "/insights/reporting/datasources/extraction/status/{}",
        "run._links.status.href",
        id="[0-9a-z]{25}-[0-9a-z]{48}",
    ),
    Begins(
        "/grouping-and-mapping/datasources/imodel-mappings/extractions",
        201,
        "/grouping-and-mapping/datasources/imodel-mappings/extractions/{}",
        "extraction._links.status.href",
    ),
    Begins(
        "/insights/carbon-calculation/ec3/jobs",
        200,
        "/insights/carbon-calculation/ec3/jobs/{}",
        "job._links.status.href",
    ),
    Begins(
        "/insights/carbon-calculation/oneclicklca/jobs",
        200,
        "/insights/carbon-calculation/oneclicklca/jobs/{}",
        "job._links.job.href",
        id=f"r1_{GUID}",
        body={"reportId": "r1"},
    ),
    Begins("/schedules/s1/clone", 202, "/schedules/s1/operations/{}", "_links.operationLocation.href"),
    Begins("/library/upload", 202, "/Library/jobs/{}", "Location", id=rf"2517\d{{15}}_{GUID}"),
    Begins("/itwins/exports", 201, "/itwins/exports/{}", "export.id"),
    Begins("/mesh-export/", 202, "/mesh-export/{}", "export.id", body={"iModelId": "i1", "exportType": "3DTiles"}),
    Begins("/imodels/", 201, "/imodels/{}/operations/create", "iModel.id", body={"creationMode": "empty"}),
    Begins(
        "/imodels",
        201,
        "/imodels/{}/operations/create",
        "iModel.id",
        body={"creationMode": "fromBaseline"},
        waits="waitingForFile",
    ),
    Begins("/imodels/i1/clone", 202, "/imodels/{}/operations/create", "Create-iModel-Operation", body={"iTwinId": "t"}),
    Begins("/imodels/i1/fork", 202, "/imodels/{}/operations/create", "Create-iModel-Operation"),
    *(
        Begins(
            f"/synchronization/imodels/{kind}connections/c_-1/{run}",
            202,
            f"/synchronization/imodels/{kind}connections/c_-1/runs/{{}}",
            "Location",
            id=HEX40,
        )
        for kind, run in (("storage", "run"), ("manifest", "runs"))
    ),
    Begins("/export/connections/c_-1/runs", 202, "/export/connections/c_-1/runs/{}", "Location", id=HEX40),
    Begins(
        "/changedelements/comparisonJob",
        202,
        "/changedelements/comparisonjob/{}/itwin/t1/imodel/i1",
        "comparisonJob.jobId",
        id=f"{HEX40}-{HEX40}",
        body=IDS,
    ),
    Begins("/changedelements/diff", 202, "/changedelements/diff/{}", "job.jobId", body=IDS),
    Begins("/transformations/", 201, "/transformations/{}", "transformation.id", body={"configurationId": "c1"}),
    Begins(
        "/imodels/i1/namedversions/n1/checkpoint",
        200,
        "/imodels/i1/namedversions/{}/checkpoint",
        "Content-Type",  # the id is that of the request
        id="n1",
        method="PUT",
    ),
]

each = pytest.mark.parametrize("begins", BEGINS, ids=lambda begins: begins.post)
RUNS = [begins for begins in BEGINS if begins.post.endswith(("/run", "/runs")) and begins.status == 202]


def clock_next(simulator, api, **clock):
    simulator.post("/_sim/jobs", json={"api": api, "clock": clock}).raise_for_status()


def begin(simulator, begins, *, status=None):
    """Begin a job, and return what came and the path of its status."""
    answer = simulator.request(begins.method, begins.post, json=begins.body)
    assert answer.status_code == (status or begins.status), answer.text
    if begins.where == "Content-Type":
        return answer, begins.job.format(begins.id)
    told = answer.headers.get(begins.where) or within(answer.json(), begins.where)
    path = urlsplit(told).path if "/" in told else begins.job.format(told)
    pattern = re.escape(begins.job).replace(r"\{\}", f"(?:{begins.id})")
    assert re.fullmatch(pattern, path), path
    return answer, path


def kind_of(begins):
    job = begins.job.replace("c_-1", "c1").replace("/Library", "/library")
    return by_path(job)


def told(simulator, begins, path):
    kind = kind_of(begins)
    return word(kind, simulator.get(path + kind.query).raise_for_status().json())


def test_all_but_checkpoints_of_changesets_can_be_begun():
    every = {kind.path for kind in FAMILY}
    begun = {kind_of(begins).path for begins in BEGINS}

    assert every - begun == {"/imodels/i1/changesets/{}/checkpoint"}, "add it to BEGINS"


@each
def test_a_job_begins_with_its_request(simulator, begins):
    """Its clock runs before anybody asks about it."""
    name = kind_of(begins).name
    clock_next(simulator, name, seconds=0.001)
    _, path = begin(simulator, begins)
    time.sleep(0.002)
    assert told(simulator, begins, path) == (begins.waits or kind_of(begins).words[-1])
    assert begins.method == "PUT" or begin_again(simulator, begins) != path


def begin_again(simulator, begins):
    """Another job, with other parameters where the same are refused."""
    answer = simulator.request(begins.method, begins.post, json={**begins.body, "other": True})
    assert answer.status_code == begins.status
    return answer.headers.get(begins.where) or within(answer.json(), begins.where)


@each
def test_a_job_is_under_way_at_first(simulator, begins):
    clock_next(simulator, kind_of(begins).name, seconds=600)
    _, path = begin(simulator, begins)
    assert told(simulator, begins, path) == (begins.waits or kind_of(begins).words[0])


@pytest.mark.parametrize("begins", [begins for begins in BEGINS if not begins.waits], ids=lambda begins: begins.post)
def test_the_control_api_says_how_the_next_one_ends(simulator, begins):
    kind = kind_of(begins)
    failed = kind.ends["fail"].split()[-1]
    clock_next(simulator, kind.name, seconds=0.001, ends=failed)
    _, path = begin(simulator, begins)
    time.sleep(0.002)
    assert told(simulator, begins, path).split()[-1] == failed


@each
def test_it_wants_a_token_and_its_version(simulator, begins):
    accept = f"application/vnd.bentley.itwin-platform.v{kind_of(begins).version % 3 + 1}+json"
    assert simulator.request(begins.method, begins.post, headers={"Accept": accept}).status_code == 406
    del simulator.headers["Authorization"]
    assert simulator.request(begins.method, begins.post).status_code == 401


@pytest.mark.parametrize("root", ["realitydataanalysis", "realityconversion", "contextcapture"])
@pytest.mark.parametrize("state", ["active", "Active"])
def test_a_job_of_reality_v1_starts_when_it_is_submitted(simulator, root, state):
    begins = next(begins for begins in BEGINS if begins.post == f"/{root}/jobs")
    clock_next(simulator, kind_of(begins).name, seconds=0.2, ends="failed")
    answer, path = begin(simulator, begins)
    assert answer.json()["job"]["state"] == "unsubmitted"
    time.sleep(0.3)
    assert told(simulator, begins, path) == "unsubmitted"

    job = f"/{root}/jobs/{answer.json()['job']['id']}"
    assert simulator.patch(job, json={"settings": {}}).json()["job"]["state"] == "unsubmitted"
    submitted = simulator.patch(job, json={"state": state})
    assert (submitted.status_code, submitted.json()["job"]["state"]) == (200, "active")
    while told(simulator, begins, path) == "active":
        pass
    assert told(simulator, begins, path) == "failed"
    assert simulator.patch(job, json={"state": state}).json()["job"]["state"] == "failed"


@pytest.mark.parametrize("submitted", [True, False])
def test_a_job_of_reality_v1_can_be_cancelled(simulator, submitted):
    answer = simulator.post("/contextcapture/jobs", json={})
    job = f"/contextcapture/jobs/{answer.json()['job']['id']}"
    if submitted:
        simulator.patch(job, json={"state": "active"})
    assert simulator.patch(job, json={"state": "cancelled"}).json()["job"]["state"] == "cancelled"
    assert simulator.get(job).json()["job"]["state"] == "cancelled"


def test_a_job_that_only_its_id_made_can_be_submitted(simulator):
    job = "/contextcapture/jobs/1-unsubmitted"
    assert simulator.get(job).json()["job"]["state"] == "unsubmitted"
    assert simulator.patch(job, json={"state": "active"}).json()["job"]["state"] == "active"
    assert simulator.patch("/contextcapture/jobs/missing", json={}).status_code == 404


def test_a_job_that_is_submitted_ends_as_its_id_says(simulator):
    job = "/contextcapture/jobs/1-fail"
    simulator.clock(job, seconds=0.2)
    assert simulator.get(job).json()["job"]["state"] == "unsubmitted"
    simulator.patch(job, json={"state": "active"})
    while simulator.get(job).json()["job"]["state"] == "active":
        pass
    assert simulator.get(job).json()["job"]["state"] == "failed"


def test_an_imodel_waits_for_its_file(simulator, address):
    clock_next(simulator, "imodels-create", seconds=0.001)
    imodel = simulator.post("/imodels/", json={"creationMode": "fromBaseline", "name": "a"}).json()["iModel"]
    links = imodel["_links"]
    assert (imodel["name"], imodel["state"], "upload" in links) == ("a", "notInitialized", True)
    path = f"/imodels/{imodel['id']}"
    assert links["complete"]["href"] == f"{address}{path}/baselinefile"
    assert simulator.post(links["complete"]["href"]).status_code == 200
    time.sleep(0.002)
    assert simulator.get(f"{path}/operations/create").json()["createOperation"]["state"] == "successful"
    imodel = simulator.get(path).json()["iModel"]
    assert (imodel["name"], imodel["state"], "upload" in imodel["_links"]) == ("a", "initialized", False)


@pytest.mark.parametrize(("way", "member"), [("clone", "clonedFrom"), ("fork", "forkedFrom")])
def test_a_copy_of_an_imodel_tells_its_source_and_has_two_headers(simulator, way, member):
    answer = simulator.post(f"/imodels/i%2F1/{way}", json={"changesetId": "c1"})
    assert answer.content == b""
    operation = answer.headers["Create-iModel-Operation"]
    assert operation == f"{answer.headers['Location']}/operations/create"
    details = simulator.get(operation).json()["createOperation"]
    source = details.pop(member)
    assert (source["iModelId"], source["changesetId"]) == ("i/1", "c1")
    assert ("relationshipId" in source) == (way == "fork")
    assert details == {"state": "scheduled", ("forkedFrom" if way == "clone" else "clonedFrom"): None}


@pytest.mark.parametrize("begins", RUNS, ids=lambda begins: begins.post)
def test_a_run_under_way_is_told_instead_of_a_second_one(simulator, begins):
    first, path = begin(simulator, begins)
    second, same = begin(simulator, begins, status=303)
    assert (first.content, second.content, same) == (b"", b"", path)
    other = simulator.post(begins.post.replace("c_-1", "c2"))
    assert other.status_code == 202


@pytest.mark.parametrize("begins", RUNS, ids=lambda begins: begins.post)
def test_after_a_run_another_one_begins(simulator, begins):
    clock_next(simulator, kind_of(begins).name, seconds=0.001)
    _, path = begin(simulator, begins)
    time.sleep(0.002)
    assert begin(simulator, begins)[1] != path


def test_a_user_has_one_export_of_itwins_at_a_time(simulator):
    first = simulator.post("/itwins/exports", json={"queryScope": "OrganizationAdmin"})
    assert first.json()["export"]["request"]["queryScope"] == "OrganizationAdmin"
    assert simulator.post("/itwins/exports", json={}).status_code == 409


def test_after_an_export_of_itwins_another_one_begins(simulator):
    clock_next(simulator, "itwins-export", seconds=0.001)
    assert simulator.post("/itwins/exports", json={}).status_code == 201
    time.sleep(0.002)
    assert simulator.post("/itwins/exports", json={}).status_code == 201


def test_a_diff_job_with_the_same_parameters_is_refused_for_ever(simulator):
    body = {**IDS, "startChangeset": 2, "endChangeset": "f" * 40, "diffingPlan": {"strategy": "Full"}}
    clock_next(simulator, "changed-elements-v3", seconds=0.001)
    job = simulator.post("/changedelements/diff", json=body).json()["job"]
    assert (job["status"], job["startChangesetIndex"], job["endChangesetId"]) == ("Queued", 2, "f" * 40)
    assert (job["diffingPlan"], job["iTwinId"], job["iModelId"]) == ({"strategy": "Full"}, "t1", "i1")
    time.sleep(0.002)
    assert simulator.post("/changedelements/diff", json=body).status_code == 409
    assert simulator.post("/changedelements/diff", json={**body, "startChangeset": 3}).status_code == 202


@pytest.mark.parametrize("path", ["/changedelements/diff", "/changedelements/comparisonjob"])
@pytest.mark.parametrize("body", [b"", b"[]", b'{"iTwinId": "t1"}'])
def test_a_comparison_needs_its_ids(simulator, path, body):
    answer = simulator.post(path, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidChangedElementsRequest")


def test_a_comparison_has_the_ids_of_its_changesets(simulator):
    body = {**IDS, "startChangesetId": "a-1", "endChangesetId": "b"}
    first = simulator.post("/changedelements/comparisonjob", json=body).json()["comparisonJob"]
    assert (first["jobId"], first["startChangesetId"], first["endChangesetId"]) == ("a-1-b", "a-1", "b")
    assert simulator.post("/changedelements/comparisonjob", json=body).json()["comparisonJob"] == first


def test_what_was_asked_for_is_told(simulator):
    mesh = simulator.post("/mesh-export", json={"iModelId": "i1", "exportType": "CESIUM"}).json()["export"]
    assert (mesh["status"], mesh["request"]["exportType"], "_links" in mesh) == ("NotStarted", "CESIUM", False)
    transformation = simulator.post("/transformations", json={"configurationId": "c1"}).json()["transformation"]
    assert transformation["_links"]["configuration"]["href"].endswith("/transformations/configurations/c1")


def test_a_failed_checkpoint_can_be_scheduled_again(simulator):
    path = "/imodels/i1/namedversions/1/checkpoint"
    assert simulator.ended(path, ends="failed").json()["checkpoint"]["state"] == "failed"
    assert simulator.put(path).json()["checkpoint"]["state"] == "scheduled"
    assert simulator.get(path).json()["checkpoint"]["state"] == "scheduled"


def test_orders_for_the_next_jobs_are_used_up_one_by_one(simulator):
    for ends in ("Failed", "Completed"):
        clock_next(simulator, "access-control", seconds=0.001, ends=ends)
    ids = [simulator.post("/accesscontrol/itwins/t1/jobs").json()["id"] for _ in range(3)]
    time.sleep(0.002)
    seen = [simulator.get(f"/accesscontrol/itwins/t1/jobs/{job_id}").json()["status"] for job_id in ids]
    assert seen == ["Failed", "Completed", "Active"]


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ({"api": "schedules"}, "either a script or a clock"),
        ({"clock": {}}, "either a path or an api"),
        ({"api": "schedules", "path": "/schedules/s/operations/o", "clock": {}}, "either a path or an api"),
        ({"api": "schedules", "script": [{}]}, "give an api a clock"),
        ({"api": "clash", "clock": {}}, "api: jobs of these begin over HTTP: access-control, "),
        ({"api": "schedules", "clock": {"ends": "Cancelled"}}, "clock.ends: schedules has Succeeded, Failed"),
    ],
)
def test_orders_that_make_no_sense(stranger, order, complaint):
    answer = stranger.post("/_sim/jobs", json=order)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
