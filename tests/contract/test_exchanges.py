"""Each API asks and is read as its exchanges file says.  A new API passes by adding its file: no code here changes."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from shared.apis import APIS
from shared.clients.platform import Fetcher
from shared.core.model import EvidencePage, Fault, Outcome, Report
from shared.core.remote import ask, observe
from tests.builders import NOON, a_watch

FOLDER = Path(__file__).parent / "exchanges"
EXCHANGES = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}

each_api = pytest.mark.parametrize("api", APIS.values(), ids=APIS)
each_answer = pytest.mark.parametrize(
    ("api", "answer"),
    [
        pytest.param(APIS[name], answer, id=f"{name}: {answer['says']}")
        for name, recorded in EXCHANGES.items()
        for answer in recorded["answers"]
    ],
)


each_evidence = pytest.mark.parametrize(
    ("api", "recorded"),
    [
        pytest.param(APIS[name], exchange, id=f"{name}: {exchange['says']}")
        for name, recorded in EXCHANGES.items()
        for exchange in recorded.get("evidence", [])
    ],
)


def test_every_api_has_its_exchanges():
    assert [name for name in APIS if name not in EXCHANGES] == [], f"write these as NAME.json in {FOLDER.name}/"


@each_api
def test_it_asks_as_recorded(api):
    recorded = EXCHANGES[api.name]

    request = ask(api, watch_of(api))

    assert request.path == recorded["asks"]["path"]
    assert request.headers == recorded["asks"]["headers"]


@each_answer
def test_an_answer_is_read_as_recorded(api, answer):
    request = ask(api, watch_of(api))
    seen = observe(api, request, asyncio.run(fetch(request, answer)), NOON)

    expected = dict(answer["sees"])
    kind = Fault if "fault" in expected else Report
    expected["reason"] = expected.pop("fault", expected.get("reason", ""))
    wait = expected.pop("retry_after", None)
    if "known" in expected:
        assert api.knows(expected["status"]) == expected.pop("known")
    assert isinstance(seen, kind)
    assert seen.retry_after == (None if wait is None else timedelta(seconds=wait))
    assert {name: as_written(getattr(seen, name)) for name in expected} == expected


@each_evidence
def test_evidence_is_asked_for_and_read_as_recorded(api, recorded):
    request = ask(api, replace(watch_of(api), verdict=Outcome.FAILED))
    seen = observe(api, request, asyncio.run(fetch(request, recorded)), NOON)

    expected = dict(recorded["finds"])
    if "fault" in expected:
        expected["reason"] = expected.pop("fault")
    assert request.path == recorded["asks"]
    assert isinstance(seen, Fault if "fault" in recorded["finds"] else EvidencePage)
    assert {name: as_written(getattr(seen, name)) for name in expected} == expected


def as_written(value):
    return list(value) if isinstance(value, tuple) else value


async def fetch(request, answer):
    """The answer as it comes off the wire, through the part of the app that fetches."""
    body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
    headers = [(name, value.encode("latin-1")) for name, value in answer.get("headers", {}).items()]
    wire = httpx.MockTransport(lambda _: httpx.Response(answer.get("status", 200), headers=headers, content=body))
    async with httpx.AsyncClient(transport=wire, base_url="https://api.bentley.com") as http:
        return await Fetcher(http, Token(), lambda: None)(request)


class Token:
    async def token(self):
        return "t0ken"

    def forget(self, token):
        pass


@each_api
def test_ids_are_opaque(api):
    for recorded in EXCHANGES[api.name]["opaque"]:
        assert ask(api, replace(watch_of(api), job=recorded["job"])).path == recorded["path"]


@each_api
def test_every_word_of_its_vocabulary_was_recorded(api):
    recorded = [answer["sees"].get("status") for answer in EXCHANGES[api.name]["answers"]]

    assert [word for word in api.vocabulary if word not in recorded] == []


@each_api
def test_every_place_it_reads_was_recorded(api):
    """A path left over from the file it was copied from reads nothing."""
    bodies = [answer["body"] for answer in EXCHANGES[api.name]["answers"] if isinstance(answer["body"], dict)]
    places = [api.status_at, api.issues_at, api.progress_at, *api.reasons_at]
    if api.evidence:
        documents = EXCHANGES[api.name].get("evidence", [])
        bodies += [exchange["body"] for exchange in documents if isinstance(exchange["body"], dict)]
        places += [api.evidence.link_at, api.evidence.next_at, *api.evidence.at]

    assert [place for place in places if place and not any(stands(place, body) for body in bodies)] == []


def stands(place, body):
    for key in place.split("."):
        if not isinstance(body, dict) or key not in body:
            return False
        body = body[key]
    return True


@each_api
def test_every_error_that_all_pages_document_was_recorded(api):
    recorded = {answer.get("status", 200) for answer in EXCHANGES[api.name]["answers"]}

    assert {401, 404, 429} <= recorded


def watch_of(api):
    """A watch in its second turn, so that a condition is sent by those APIs that take one."""
    return a_watch(
        id="w",
        api=api.name,
        job=EXCHANGES[api.name]["job"],
        deadline=NOON,
        validator='W/"1"',
    )
