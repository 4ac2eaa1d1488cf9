"""What is shown of watches and their callbacks."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest
from azure.core.exceptions import ServiceRequestError

from functions.support import documents
from shared.core.callback import event_id
from shared.core.model import End, Outcome
from shared.engine.starter import Started
from shared.web.problems import Problem
from tests.builders import NOON, a_callback, a_watch

URL = "https://hooks.example.com/itwin"
PLATFORM = "https://platform.example"
OPEN = a_watch(callback=URL)
ENDED = replace(OPEN, end=End(Outcome.SUCCEEDED, NOON))


class Rows:
    """The rows of callbacks: one is there, and one cannot be read."""

    async def load(self, key):
        if key == event_id(replace(ENDED, id="unreadable")):
            raise ServiceRequestError("storage")
        return a_callback(id=key, url=URL, tries=2, error="HTTP 500") if key == event_id(ENDED) else None


@pytest.fixture(autouse=True)
def _rows(monkeypatch):
    monkeypatch.setattr(documents, "callback_rows", Rows)
    monkeypatch.setattr(documents, "settings", lambda: SimpleNamespace(api_url=PLATFORM))


@pytest.mark.parametrize(
    ("watch", "callback"),
    [
        (a_watch(end=ENDED.end), None),
        (OPEN, {"url": URL, "state": "waiting", "tries": 0, "error": None}),
        (ENDED, {"url": URL, "state": "waiting", "tries": 2, "error": "HTTP 500"}),
        (replace(ENDED, id="not yet inserted"), {"url": URL, "state": "waiting", "tries": 0, "error": None}),
    ],
)
def test_a_watch_is_shown_with_its_callback(watch, callback):
    assert asyncio.run(documents.shown(watch)).model_dump()["callback"] == callback


def test_a_watch_is_shown_with_the_url_of_its_job():
    assert asyncio.run(documents.shown(OPEN)).url == f"{PLATFORM}/realitydataanalysis/jobs/j/progress"


def test_a_callback_that_cannot_be_read_spoils_no_other_item():
    items: list[Started | Problem] = [
        Started(OPEN, begun=True),
        Started(replace(ENDED, id="unreadable"), begun=False),
        Problem("wrong-job", "no"),
    ]

    shown = asyncio.run(documents.all_started(items))

    assert [item.status for item in shown] == [202, 503, 422]
