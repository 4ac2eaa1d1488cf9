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
from shared.core.remote import ENDED, ask, observe
from shared.web.handed_over import job_in
from shared.web.job_url import locate
from tests.builders import NOON, a_watch

ORIGIN = "https://api.bentley.com"

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "exchanges"
EXCHANGES = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}

recorded_apis = {name: api for name, api in APIS.items() if name in EXCHANGES}  # a test of its own names the others
each_api = pytest.mark.parametrize("api", recorded_apis.values(), ids=recorded_apis)
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
    folder = FOLDER.relative_to(ROOT)
    assert [name for name in APIS if name not in EXCHANGES] == [], f"write these as NAME.json in {folder}"


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
    return await Fetcher(wire, ORIGIN, Token(), lambda: None)(request)


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
def test_its_urls_name_their_jobs(api):
    """In the letter case in which Bentley's clients and links write them, where that is another."""
    for recorded in EXCHANGES[api.name].get("urls", []):
        assert locate(ORIGIN + recorded["url"], ORIGIN) == (api, recorded["job"])


@each_api
def test_every_other_path_was_recorded(api):
    recorded = EXCHANGES[api.name]
    urls = [one["url"] for one in recorded.get("urls", [])] + [one["path"] for one in recorded["opaque"]]

    assert [path for path in api.other_paths if not any(is_of(path, url) for url in urls)] == []


def is_of(template, url):
    pairs = [*zip(template.split("/"), url.partition("?")[0].split("/"), strict=False)]
    return template.count("/") == url.count("/") and all(
        part.startswith("{") or part == text.lower() for part, text in pairs
    )


@each_api
def test_the_answer_to_a_start_has_the_ids(api):
    starts = EXCHANGES[api.name].get("starts", [])

    assert bool(starts) == bool(api.ids_at), 'record "starts" where there is ids_at, and only there'
    for start in starts:
        assert job_in(start["body"], None, ORIGIN, api) == (api, start["job"])


@each_api
def test_every_word_of_its_vocabulary_was_recorded(api):
    recorded = [(answer["sees"].get("status"), answer["sees"].get("outcome")) for answer in answers(api)]
    words = {word: outcome for word, outcome in api.vocabulary.items() if outcome is not ENDED} | api.results

    assert [pair for pair in words.items() if pair not in recorded] == []


@each_api
def test_every_word_that_leaves_the_verdict_to_another_was_recorded(api):
    """With a second word, and without."""
    for word in [word for word, outcome in api.vocabulary.items() if outcome is ENDED]:
        ended = [answer for answer in answers(api) if found(api.status_at, answer["body"]) == [word]]

        assert {bool(answer["sees"].get("status")) for answer in ended} == {True, False}


@each_api
def test_every_place_it_reads_was_recorded(api):
    """A path left over from the file it was copied from reads nothing."""
    bodies = [answer["body"] for answer in answers(api)]
    places = [api.status_at, api.result_at, api.issues_at, api.progress_at, *api.reasons_at]
    if isinstance(api.progress_of, str):
        places += [api.progress_of]
    if api.evidence:
        bodies += [exchange["body"] for exchange in EXCHANGES[api.name].get("evidence", [])]
        members = {*api.evidence.says, *api.evidence.issue, api.evidence.params_at} - {""}
        places += [api.evidence.link_at, api.evidence.next_at, *api.evidence.at]
        places += [f"{place}.{member}" for place in api.evidence.at for member in members]

    assert [place for place in places if place and not any(found(place, body) for body in bodies)] == []


def answers(api):
    return EXCHANGES[api.name]["answers"]


def found(place, body):
    """All that stands at a place, also in lists on the way."""
    nodes = [body]
    for key in place.split("."):
        members = [one for node in nodes for one in (node if isinstance(node, list) else [node])]
        nodes = [node[key] for node in members if isinstance(node, dict) and key in node]
    return nodes


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
