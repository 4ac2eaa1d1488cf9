"""What we send is what Bentley's own clients send: path, query, Accept and the scheme of Authorization."""

from dataclasses import replace
from typing import Any

import pytest

from shared.apis.reporting import REPORTING
from shared.core.model import EvidencePage, Outcome
from shared.core.remote import ask, observe
from shared.web.job_url import locate
from tests.builders import NOON, a_watch
from tests.contract.clients.conftest import TOKEN
from tests.contract.clients.witnesses import BASE64URL, CHANGESETS, GUID, ODD, WITNESSES

IDS = {
    "a GUID": GUID,
    "base64url": BASE64URL,
    "two changesets": CHANGESETS,
    "a long one": "jg0156461l5abeom8v1mslhlkc-cmar9d9hjof2hu4tidj4rmiur5i6crul",
    "an odd one": ODD,
}

QUESTIONS = [
    pytest.param((witness, what), id=f"{name}: {what}")
    for name, witness in WITNESSES.items()
    for what in ("status", "evidence")
    if what == "status" or witness.logs
]


def watch_of(api, job, **more):
    return a_watch(id="w", api=api.name, job=job, deadline=NOON, not_before=NOON, **more)


def essence(request, spelling=()):
    """Of a request as the simulator noted it, all that tells one question from another."""
    headers = request["headers"]
    scheme = headers.get("authorization", "").partition(" ")[0]
    path = "/".join(part.lower() if part in spelling else part for part in request["path"].split("/"))
    query = request["query"].replace("+", "%20")  # two ways to write a space there
    return request["method"], path, query, headers.get("accept"), scheme


def but_for_tokens(requests):
    return [request for request in requests if request["path"] != TOKEN]


@pytest.mark.parametrize("id_", IDS.values(), ids=IDS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_we_ask_as_they_do(bentley, simulator, ours, question, id_):
    witness, what = question
    bentley.token()
    job = witness.job_with(id_)
    before = len(simulator.requests())
    witness.ask(bentley, what, job)
    theirs = simulator.requests()[before:]

    watch = watch_of(witness.api, job, verdict=Outcome.FAILED if what == "evidence" else None)
    mine, (answer,) = ours(ask(witness.api, watch))

    assert [essence(request, witness.spelling) for request in theirs] == [*map(essence, but_for_tokens(mine))]
    assert answer.status == 200


@pytest.mark.parametrize("id_", IDS.values(), ids=IDS)
@pytest.mark.parametrize("witness", WITNESSES.values(), ids=WITNESSES)
def test_the_url_that_they_ask_can_be_handed_to_us(bentley, simulator, address, witness, id_):
    job = witness.job_with(id_)
    witness.ask(bentley, "status", job)
    asked = simulator.requests()[-1]
    url = address + asked["path"] + (f"?{asked['query']}" if asked["query"] else "")
    assert locate(url, address) == (witness.api, job)


@pytest.mark.parametrize("name", ["reporting", "grouping-and-mapping"])
def test_we_turn_the_pages_of_a_log_as_they_do_and_find_the_same_issues(bentley, simulator, ours, name):
    api, (id_name,) = WITNESSES[name].api, WITNESSES[name].job
    job = {id_name: "issues-and-pages"}
    simulator.ended(ask(api, watch_of(api, job)).path)
    before = len(simulator.requests())
    theirs = bentley.ask(name, "evidence", **job)
    turned = but_for_tokens(simulator.requests()[before:])

    watch = watch_of(api, job, verdict=Outcome.FAILED)
    mine: list[Any] = []
    found: list[str] = []
    while watch:
        request = ask(api, watch)
        requests, (answer,) = ours(request)
        page = observe(api, request, answer, NOON)
        assert isinstance(page, EvidencePage)
        mine += but_for_tokens(requests)
        found += page.entries
        watch = replace(watch, evidence_at=page.next_page) if page.next_page else None

    assert len(mine) > 1
    assert list(map(essence, mine)) == list(map(essence, [request for request in turned if "logs" in request["path"]]))
    assert found
    assert found == [": ".join([e["level"], e["category"], e["message"]]) for e in theirs if is_issue(e)]


def is_issue(entry):
    """Reporting says so itself; of Grouping & Mapping, level `Information` is none."""
    return entry.get("containsIssues", entry["level"] != "Information")


def test_we_ask_for_tokens_as_they_do_but_for_two_things(bentley, simulator, ours):
    """Both are within RFC 6749, section 2.3.1, and both are accepted by the token service.

    They: the address from the discovery document, and the credentials as Basic authentication.  We: the address from
    a setting, and the credentials in the body, as in the example of
    https://developer.bentley.com/apis/overview/authorization/service-app.
    """
    before = len(simulator.requests())
    bentley.token()
    discovery, theirs = simulator.requests()[before:]
    (mine, _), _ = ours(ask(REPORTING, watch_of(REPORTING, {"jobId": "1"})))

    assert discovery["path"] == "/.well-known/openid-configuration"
    for name in ("method", "path", "query", "status"):
        assert mine[name] == theirs[name]
    assert mine["headers"]["content-type"] == theirs["headers"]["content-type"]
    assert theirs["headers"]["authorization"].startswith("Basic ")
    assert "authorization" not in mine["headers"]
