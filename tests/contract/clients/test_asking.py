"""What we send is what Bentley's own clients send: path, query, Accept and the scheme of Authorization."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from shared import wiring
from shared.apis.reporting import REPORTING
from shared.clients.credentials import RETRY_DELAYS, ClientCredentials
from shared.clients.platform import Fetcher
from shared.core.model import EvidencePage, Outcome, Report
from shared.core.remote import Response, ask, observe
from tests.builders import NOON, a_watch
from tests.simulator import CREDENTIALS

TOKEN = "/connect/token"
IDS = [
    "40f71ed2-31a3-45d3-bce0-5c9f3f112c03",
    "jg0156461l5abeom8v1mslhlkc-cmar9d9hjof2hu4tidj4rmiur5i6crul",
    "a/b %25?#+ü",
]


class Exchange(NamedTuple):
    """One question, as both ask it."""

    theirs: Callable  #: of Bentley's client, for a job's id
    ours: Callable  #: the requests of ours, for a job's id


EXCHANGES = {
    "status": Exchange(lambda bentley, job_id: bentley.ask("status", jobId=job_id), lambda job: [ask(REPORTING, job)]),
    "logs": Exchange(
        lambda bentley, job_id: bentley.ask("logs", jobId=job_id), lambda job: [ask(REPORTING, ended(job))]
    ),
}


def ended(watch):
    return replace(watch, verdict=Outcome.FAILED)


def watch_of(job_id):
    return a_watch(id="w", api=REPORTING.name, job={"jobId": job_id}, deadline=NOON, not_before=NOON)


def ask_as_we_do(address, requests):
    """Through the parts that the app is made of."""

    async def fetch():
        async with wiring._http(address) as tokens, wiring._http(address) as platform:
            credentials = ClientCredentials(
                tokens,
                address + TOKEN,
                **CREDENTIALS,
                scope="itwin-platform",
                delays=RETRY_DELAYS,
                spend=lambda: None,
                now=lambda: datetime.now(UTC),
            )
            fetcher = Fetcher(platform, credentials, lambda: None)
            return [await fetcher(request) for request in requests]

    return asyncio.run(fetch())


def essence(request):
    """Of a request as the simulator noted it, all that tells one question from another."""
    headers = request["headers"]
    scheme = headers.get("authorization", "").partition(" ")[0]
    return request["method"], request["path"], request["query"], headers.get("accept"), scheme


def noted(simulator, *, token):
    return [request for request in simulator.requests() if (request["path"] == TOKEN) is token]


@pytest.fixture
def ours(bentley, simulator, address):  # noqa: ARG001 -- so that the simulator forgets first
    def requests(*requests):
        before = len(simulator.requests())
        answers = ask_as_we_do(address, requests)
        assert all(isinstance(answer, Response) for answer in answers)
        return simulator.requests()[before:], answers

    return requests


@pytest.mark.parametrize("job_id", IDS)
@pytest.mark.parametrize("question", EXCHANGES)
def test_we_ask_as_they_do(bentley, simulator, ours, question, job_id):
    bentley.ask("token")
    before = len(simulator.requests())
    EXCHANGES[question].theirs(bentley, job_id)
    theirs = simulator.requests()[before:]

    mine, _ = ours(*EXCHANGES[question].ours(watch_of(job_id)))

    mine = [request for request in mine if request["path"] != TOKEN]
    assert list(map(essence, mine)) == list(map(essence, theirs))
    assert mine[0]["headers"]["accept"] == "application/vnd.bentley.itwin-platform.v1+json"


def test_we_read_what_they_read(bentley, simulator, ours):
    simulator.ended("/insights/reporting/datasources/extraction/status/issues")
    theirs = bentley.ask("status", jobId="issues")

    request = ask(REPORTING, watch_of("issues"))
    _, (answer,) = ours(request)
    report = observe(REPORTING, request, answer, NOON)

    assert isinstance(report, Report)
    assert (report.status, report.reason, report.outcome == "partial") == (
        theirs["state"],
        theirs["reason"],
        theirs["containsIssues"],
    )


def test_we_turn_the_pages_of_a_log_as_they_do_and_find_the_same_issues(bentley, simulator, ours):
    simulator.ended("/insights/reporting/datasources/extraction/status/issues-and-pages")
    before = len(simulator.requests())
    theirs = bentley.ask("logs", jobId="issues-and-pages")
    turned = [request for request in simulator.requests()[before:] if request["path"] != TOKEN]

    watch = ended(watch_of("issues-and-pages"))
    mine: list[Any] = []
    found: list[str] = []
    while watch:
        request = ask(REPORTING, watch)
        requests, (answer,) = ours(request)
        page = observe(REPORTING, request, answer, NOON)
        assert isinstance(page, EvidencePage)
        mine += [request for request in requests if request["path"] != TOKEN]
        found += page.entries
        watch = replace(watch, evidence_at=page.next_page) if page.next_page else None

    assert len(mine) > 1
    assert list(map(essence, mine)) == list(map(essence, [request for request in turned if "logs" in request["path"]]))
    assert found == [": ".join([e["level"], e["category"], e["message"]]) for e in theirs if e["containsIssues"]]


def test_we_ask_for_tokens_as_they_do_but_for_two_things(bentley, simulator, ours):
    """Both are within RFC 6749, section 2.3.1, and both are accepted by the token service.

    They: the address from the discovery document, and the credentials as Basic authentication.  We: the address from
    a setting, and the credentials in the body, as in the example of
    https://developer.bentley.com/apis/overview/authorization/service-app.
    """
    before = len(simulator.requests())
    bentley.ask("token")
    discovery, theirs = simulator.requests()[before:]
    (mine, _), _ = ours(ask(REPORTING, watch_of("1")))

    assert discovery["path"] == "/.well-known/openid-configuration"
    for name in ("method", "path", "query", "status"):
        assert mine[name] == theirs[name]
    assert mine["headers"]["content-type"] == theirs["headers"]["content-type"]
    assert theirs["headers"]["authorization"].startswith("Basic ")
    assert "authorization" not in mine["headers"]
