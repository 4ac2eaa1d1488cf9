"""What Bentley's own clients read is what the simulator was told; and we read the same."""

import json
import time
from pathlib import Path

import httpx
import pytest

from tests.contract.clients.conftest import ClientError
from tests.contract.test_exchanges import EXCHANGES

HERE = Path(__file__).parent
WANTED = json.loads((HERE / "package.json").read_text())
LOCK = json.loads((HERE / "package-lock.json").read_text())["packages"]

STATUS = "/insights/reporting/datasources/extraction/status/{}"
JOB = EXCHANGES["reporting"]["job"]["jobId"]
REPORTS = [
    answer
    for answer in EXCHANGES["reporting"]["answers"]
    if answer.get("status", 200) == 200 and answer["sees"].get("status")
]


def asked(simulator, path):
    return [request for request in simulator.requests() if request["path"] == path]


def test_they_are_the_versions_that_call_these_endpoints(packages):
    """insights-client went to other endpoints with 0.7.0, so there are two of it."""
    versions = {
        name: json.loads((Path(packages) / "node_modules" / name / "package.json").read_text())["version"]
        for name in WANTED["dependencies"]
    }
    assert versions == {
        "@itwin/changed-elements-react": "2.0.2",
        "@itwin/imodels-client-management": "6.2.2",
        "@itwin/insights-client": "0.6.0",
        "@itwin/reality-capture": "1.7.0",
        "@itwin/service-authorization": "2.1.0",
        "insights-0.17": "0.17.0",
    }


def test_the_lock_file_holds_no_addresses():
    assert [name for name, package in LOCK.items() if "resolved" in package] == []


@pytest.mark.parametrize("client", ["@itwin/changed-elements-react", "@itwin/reality-capture"])
def test_what_the_tests_never_load_is_not_installed(client):
    """And cannot be: what changed-elements-react wants beside it, React and iTwin.js, contradicts itself."""
    package = LOCK[f"node_modules/{client}"]
    needs = {**package.get("dependencies", {}), **package.get("peerDependencies", {})}
    installed = [name for name in needs if LOCK[f"node_modules/{name}"].get("name") != "empty-npm-package"]
    assert (
        installed
        == {"@itwin/changed-elements-react": ["@itwin/core-bentley"], "@itwin/reality-capture": ["zod"]}[client]
    )


def test_a_token_is_one_that_the_apis_accept(bentley, simulator):
    simulator.headers["Authorization"] = bentley.token()
    assert simulator.get(STATUS.format("1")).status_code == 200


def test_a_token_is_used_until_it_expires(bentley, simulator):
    assert bentley.token() == bentley.token()
    bentley.new_client()
    simulator.tokens(lifetime=30)  # within the minute before its end that the client leaves
    assert bentley.token() != bentley.token()


def test_wrong_credentials(bentley):
    bentley.new_client(client_secret="wrong")
    with pytest.raises(ClientError):
        bentley.token()


def test_a_token_service_that_is_busy_for_a_second(bentley, simulator):
    token = {"body": {"access_token": "made-up", "token_type": "Bearer", "expires_in": 3600}}
    simulator.script("/connect/token", {"status": 429, "headers": {"retry-after": 1}}, token)
    assert bentley.token() == "Bearer made-up"


@pytest.mark.parametrize("answer", REPORTS, ids=lambda answer: answer["says"])
def test_a_status_is_read_as_recorded(bentley, simulator, answer):
    simulator.script(STATUS.format(JOB), {"body": answer["body"]})
    assert bentley.ask("reporting", "status", jobId=JOB) == answer["body"]["status"]


def test_a_job_on_the_clock_from_its_beginning_to_its_end(bentley, simulator):
    path = STATUS.format("a%2Fb")
    simulator.clock(path, seconds=0.5, ends="Succeeded", issues=True)
    seen: list[dict] = []
    while not seen or seen[-1]["state"] != "Succeeded":
        seen.append(bentley.ask("reporting", "status", jobId="a/b"))
    assert list(dict.fromkeys(status["state"] for status in seen)) == ["Queued", "Running", "Succeeded"]
    assert [seen[0]["containsIssues"], seen[-1]["containsIssues"]] == [False, True]
    assert seen[-1]["_links"]["logs"]["href"] == f"{simulator.base_url}{path}/logs"


@pytest.mark.parametrize("top", [None, 100, 77, 1000])
def test_a_log_is_read_page_by_page(bentley, simulator, top):
    path = STATUS.format("many%20pages")
    simulator.ended(path)
    told = simulator.get(f"{path}/logs?$top=1000").json()["logs"]

    read = bentley.ask("reporting", "evidence", jobId="many pages", top=top)

    assert len(read) == 250
    assert read == told


def test_a_scripted_log_is_followed_until_there_is_no_next(bentley, simulator, address):
    path = STATUS.format("1") + "/logs/"
    simulator.script(
        path,
        {"body": {"logs": [{"message": "a"}], "_links": {"next": {"href": f"{address}{path}?$continuationToken=2"}}}},
        {"body": {"logs": [{"message": "b"}], "_links": {}}},
    )
    assert bentley.ask("reporting", "evidence", jobId="1", top=1) == [{"message": "a"}, {"message": "b"}]
    assert [request["query"] for request in asked(simulator, path)] == ["$top=1", "$continuationToken=2"]


@pytest.mark.parametrize(("job_id", "status"), [("missing", 404), ("forbidden", 403)])
@pytest.mark.parametrize("what", ["status", "evidence"])
def test_a_refusal(bentley, job_id, status, what):
    with pytest.raises(ClientError) as refusal:
        bentley.ask("reporting", what, jobId=job_id)
    assert refusal.value.status == status


def test_a_rate_limit_is_waited_out(bentley, simulator):
    bentley.token()
    simulator.post("/_sim/limit", json={"requests": 1, "seconds": 0.5}).raise_for_status()
    begun = time.monotonic()
    for _ in range(2):
        assert bentley.ask("reporting", "status", jobId="1")["state"]
    assert time.monotonic() - begun >= 1  # whole seconds
    assert httpx.codes.TOO_MANY_REQUESTS in [request["status"] for request in asked(simulator, STATUS.format("1"))]


def test_answers_come_compressed(bentley, simulator):
    simulator.script(STATUS.format("1"), {"body": {"status": {"state": "Running"}}, "gzip": True})
    assert bentley.ask("reporting", "status", jobId="1") == {"state": "Running"}
