"""The rate limit of all APIs together."""

import time

import pytest

from local.simulator.app import create_app
from local.simulator.world import WORLD
from tests.integration.simulator.test_apis import ACCESS_CONTROL, REALITY_ANALYSIS, REPORTING, SCHEDULES

CODES = {
    ACCESS_CONTROL: "TooManyRequests",
    REALITY_ANALYSIS: "RateLimitExceeded",
    REPORTING: "TooManyRequests",
    SCHEDULES: "RateLimitExceeded",
}


def limit(simulator, requests, **more):
    simulator.post("/_sim/limit", json={"requests": requests, **more}).raise_for_status()


def statuses(simulator, *paths):
    return [simulator.get(path.format("1")).status_code for path in paths]


def test_all_apis_count_together(simulator):
    limit(simulator, 3)
    assert statuses(simulator, *CODES) == [200, 200, 200, 429]
    assert statuses(simulator, *CODES, f"{REPORTING}/logs", "/realitydataanalysis/jobs/{}") == [429] * 6


@pytest.mark.parametrize("path", CODES)
def test_the_answer_is_the_documented_one(simulator, path):
    limit(simulator, 0, seconds=2.5)
    answer = simulator.get(path.format("1"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, CODES[path])
    assert answer.headers["Retry-After"] == "3"
    assert answer.headers["ITwinPlatform-RateLimited-Application"] == "service-local"
    assert {name for name in answer.headers if name.startswith("itwinplatform")} == {
        f"itwinplatform-ratelimited-{name}" for name in ("tier", "api", "operation", "application")
    }
    assert simulator.requests()[-1]["status"] == 429


def test_who_waits_as_told_may_ask_again(simulator):
    limit(simulator, 2, seconds=0.6)
    assert statuses(simulator, *[SCHEDULES] * 3) == [200, 200, 429]
    time.sleep(int(simulator.get(SCHEDULES.format("1")).headers["Retry-After"]))
    assert statuses(simulator, *[SCHEDULES] * 3) == [200, 200, 429]


def test_scripts_are_limited_and_not_used_up_by_it(simulator):
    path = SCHEDULES.format("1")
    simulator.script(path, {"status": 202}, {"status": 203})
    limit(simulator, 0)
    assert statuses(simulator, path) == [429]
    limit(simulator, None)
    assert statuses(simulator, path, path) == [202, 203]


def test_what_is_no_request_of_a_client_is_not_counted(simulator):
    limit(simulator, 1)
    simulator.script("/elsewhere", {"status": 204})
    simulator.script(SCHEDULES.format("open"), {"status": 204, "auth": False})
    for _ in range(2):
        simulator.log_in()
        assert simulator.post("/v2.1/track", json=[]).status_code == 200
        assert simulator.get("/.well-known/openid-configuration").status_code == 200
        assert statuses(simulator, "/elsewhere") == [204]
        bad = {"Authorization": "Bearer wrong"}
        assert simulator.get(SCHEDULES.format("1"), headers=bad).status_code == 401
        assert simulator.get(SCHEDULES.format("open"), headers=bad).status_code == 204
    assert statuses(simulator, SCHEDULES, SCHEDULES) == [200, 429]


def test_there_is_none_unless_one_is_set(simulator):
    assert statuses(simulator, *[SCHEDULES] * 50) == [200] * 50
    limit(simulator, 0)
    limit(simulator, None)
    assert statuses(simulator, SCHEDULES) == [200]


def test_a_reset_goes_back_to_the_limit_of_the_start():
    world = create_app(requests_per_minute=500)[WORLD]
    world.limit = None
    world.forget()
    assert world.limit
    assert (world.limit.requests, world.limit.window.total_seconds()) == (500, 60)


@pytest.mark.parametrize("order", [{}, {"requests": -1}, {"requests": 1, "seconds": 0}, {"requests": "many"}])
def test_orders_that_make_no_sense(stranger, order):
    answer = stranger.post("/_sim/limit", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]
