"""What an operator is told of the pace of each API."""

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import azure.functions as func
from azure.core.exceptions import ServiceRequestError

from functions import list_gates
from shared.core.rate_limit import GateState, LearnedRate
from shared.engine.paces import Paces
from tests.builders import NOON

MINUTE = timedelta(minutes=1)
OPENS_AT = NOON + MINUTE

#: Shut for a minute from noon on, with a rate that has not yet begun to rise; and of an API that is no longer known.
GATES = {
    "schedules": GateState(NOON, OPENS_AT, LearnedRate(449.96, 500.0, OPENS_AT)),
    "removed": GateState(NOON, OPENS_AT),
}
CONTEXT: Any = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=""))


def answer(monkeypatch, read, budget=None, query=""):
    """What `GET /api/gates` answers a second after noon."""
    paces = Paces(read, budget, ["reporting", "schedules"], lambda: NOON + timedelta(seconds=1))
    monkeypatch.setattr(list_gates, "paces", lambda: paces)
    request = func.HttpRequest(method="GET", url=f"https://x.example/api/gates{query}", body=b"")
    return asyncio.run(list_gates.list_gates(request, CONTEXT))


async def gates():
    return GATES


async def broken():
    raise ServiceRequestError("no answer")


def test_each_known_api_has_its_pace(monkeypatch):
    response = answer(monkeypatch, gates)

    assert response.status_code == 200
    assert json_of(response) == {
        "gates": [
            {"api": "reporting", "perMinute": None, "reason": "schedules", "since": None, "shutUntil": None},
            {
                "api": "schedules",
                "perMinute": 450.0,
                "reason": "429",
                "since": "2026-11-20T12:00:00Z",
                "shutUntil": "2026-11-20T12:01:00Z",
            },
        ]
    }


def test_a_budget_is_the_pace_of_all(monkeypatch):
    response = answer(monkeypatch, gates, budget=90.0)

    assert [(gate["perMinute"], gate["reason"], gate["since"]) for gate in json_of(response)["gates"]] == [
        (90.0, "budget", None)
    ] * 2


def test_storage_that_does_not_answer_is_a_problem_that_time_heals(monkeypatch):
    response = answer(monkeypatch, broken)

    assert (response.status_code, response.mimetype) == (503, "application/problem+json")
    assert json_of(response)["type"] == "urn:problem-type:itwin-job-watch:unavailable"
    assert response.headers["Retry-After"]


def test_it_takes_no_query(monkeypatch):
    assert answer(monkeypatch, gates, query="?api=schedules").status_code == 422


def json_of(response):
    return json.loads(response.get_body())
