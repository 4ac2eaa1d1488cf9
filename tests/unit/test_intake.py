"""From a request body to a watch: one, or many of which each succeeds or fails alone."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from azure.core.exceptions import ServiceRequestError

from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.web.intake import Intake
from shared.web.problems import Problem
from shared.web.requests import StartRequest
from tests.builders import NOON
from tests.engine import Ports
from tests.memory import MemoryRows, MemoryWatches

HOSTS = frozenset({"hooks.example.com"})
JOB = {"api": "reality-analysis", "job": {"jobId": "j"}}


class World:
    def __init__(self, hosts=HOSTS, wrong=()):
        self.store, self.hosts, self.wrong, self.now = MemoryWatches(), hosts, wrong, NOON
        self.ports = Ports(watches=self.store, callbacks=MemoryRows(), now=lambda: self.now)

    @property
    def intake(self):
        return Intake(self.ports.starter, lambda: self.now, "https://api.bentley.com", self.hosts, self.wrong)

    def start(self, **more):
        return asyncio.run(self.intake.start(StartRequest.model_validate(JOB | more), "key", "trace"))


@pytest.fixture
def world():
    return World()


def test_a_start_lasts_as_long_as_its_api_says(world):
    watch = world.start().watch

    assert (watch.started_at, watch.deadline) == (NOON, NOON + REALITY_ANALYSIS.lifetime)
    assert (watch.begun_by, watch.trace, watch.callback) == ("key", "trace", "")


def test_a_start_takes_over_what_its_body_says(world):
    url = "https://hooks.example.com/itwin"

    watch = world.start(deadline="PT2H", labels=["nightly"], callback={"url": url}).watch

    assert (watch.deadline, watch.labels, watch.callback) == (NOON + timedelta(hours=2), ("nightly",), url)


def test_a_job_that_is_followed_already_is_not_begun(world):
    begun = []
    for more in ({}, {}, {"restart": True}):
        begun.append(world.start(**more).begun)
        world.now += timedelta(microseconds=1)

    assert begun == [True, False, False]


@pytest.mark.parametrize(
    ("hosts", "url", "says"),
    [
        (frozenset(), "https://hooks.example.com/", "CALLBACK_HOSTS is unset"),
        (HOSTS, "https://evil.example/", "CALLBACK_HOSTS"),
    ],
)
def test_a_callback_that_may_not_be_called_starts_nothing(hosts, url, says):
    world = World(hosts)

    with pytest.raises(Problem, match=says) as caught:
        world.start(callback={"url": url})

    assert caught.value.name == "wrong-callback"
    assert world.store.rows == {}


def test_each_of_many_succeeds_or_fails_alone(world):
    """Storage is away for the third."""

    class Failing(MemoryWatches):
        async def insert(self, row):
            if row.job["jobId"] == "fails":
                raise ServiceRequestError("storage")
            return await super().insert(row)

    world.ports = replace(world.ports, watches=Failing())
    bodies = [JOB, {"api": "no-such-api", "job": {}}, JOB | {"job": {"jobId": "fails"}}]
    wanted = [StartRequest.model_validate(body) for body in bodies]
    broken = Problem("invalid-body", "not a start request")

    begun, unknown, failed, as_before = asyncio.run(world.intake.start_all([*wanted, broken]))

    assert begun.begun
    assert (unknown.name, failed.name, as_before) == ("unknown-api", "unavailable", broken)


def test_a_callback_that_a_wrong_setting_keeps_from_being_sent_is_refused_and_the_watch_is_not():
    world = World(hosts=frozenset(), wrong=["CALLBACK_SECRET"])

    with pytest.raises(Problem) as caught:
        world.start(callback={"url": "https://hooks.example.com/itwin"})

    assert caught.value.name == "wrong-callback"
    assert "cannot use its setting CALLBACK_SECRET" in caught.value.detail
    assert world.start().begun
