"""Timer triggers: when a function runs, and what it is told."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest

from local.host import timers
from tests.integration.host.conftest import KEY, eventually, hosting

FIRST_RUN = 2.3  # two intervals and more

APP = f"""
def on(schedule, **more):
    return app.timer_trigger(arg_name="timer", schedule=schedule, **more)

@on("%SECONDS% %FURTHER%")
async def ticks(timer: func.TimerRequest, context: func.Context) -> None:
    note(
        timer="ticks",
        past_due=timer.past_due,
        schedule=timer.schedule,
        status=timer.schedule_status,
        parent=context.trace_context.trace_parent,
    )

@on("* * * * * *")
def fails(timer: func.TimerRequest) -> None:
    note(timer="fails", thread=threading.current_thread().name)
    raise ValueError("each time")

runs = 0

@on("* * * * * *")
async def slow(timer: func.TimerRequest) -> None:
    global runs
    runs += 1
    note(timer="slow", past_due=timer.past_due)
    await asyncio.sleep({FIRST_RUN} if runs == 1 else 0)
    note(timer="slow", ended=True)

@on("0 0 0 29 2 *", run_on_startup=True)
async def starts(timer: func.TimerRequest) -> None:
    note(timer="starts", past_due=timer.past_due)

@on("0 0 0 29 2 *", run_on_startup=False)
async def waits(timer: func.TimerRequest) -> None:
    note(timer="waits")
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory, backend):
    settings = {"SECONDS": "*", "FURTHER": "*/1 * * * *"}
    with hosting(tmp_path_factory.mktemp("timers"), APP, "--backend", backend, env=settings) as host:
        yield host


def test_a_function_runs_each_second(host):
    ticks = eventually(lambda: len(host.notes(timer="ticks")) >= 2 and host.notes(timer="ticks"))
    assert all(one["at"] % 1 < 0.4 for one in ticks)
    assert all(0.5 < later["at"] - earlier["at"] < 1.5 for earlier, later in pairwise(ticks))
    assert len({one["parent"] for one in ticks}) == len(ticks)
    for one in ticks:
        assert not one["past_due"]
        assert one["schedule"] == {"AdjustForDST": True}
        assert one["status"] == {}


def test_a_failed_run_is_logged_and_the_next_comes(host):
    runs = eventually(lambda: len(host.notes(timer="fails")) >= 2 and host.notes(timer="fails"))
    assert 0.5 < runs[1]["at"] - runs[0]["at"] < 1.5
    assert all(one["thread"] != "MainThread" for one in runs)
    logged = eventually(lambda: re.findall(r"ERROR \S+ function fails failed, invocation \S{36}\n", host.log))
    assert len(logged) >= 2
    assert "ValueError: each time" in host.log


def test_missed_times_are_made_up_for_once_and_late(host):
    begun = eventually(lambda: len(host.notes(timer="slow", ended=True)) >= 3 and host.notes(timer="slow"))
    first, ended, second, _, third, *_ = begun
    assert ended["ended"]  # before the second begins
    assert [first["past_due"], second["past_due"], third["past_due"]] == [False, False, False]
    assert FIRST_RUN <= second["at"] - first["at"] < FIRST_RUN + 0.25
    assert third["at"] - second["at"] < 1.25


def test_run_on_startup_runs_it_once_at_the_start(host):
    eventually(lambda: host.notes(timer="ticks"))
    [start] = host.notes(timer="starts")
    assert not start["past_due"]
    assert start == host.notes()[0]
    assert host.notes(timer="waits") == []


def test_an_administrator_may_call_it_by_hand(host):
    def call(method="POST", name="waits", key=KEY):
        return httpx.request(method, f"{host.url}/admin/functions/{name}", headers={"x-functions-key": key}).status_code

    assert [call(name="nobody"), call(method="GET"), call(key="wrong")] == [404, 404, 401]
    assert host.notes(timer="waits") == []

    assert call() == 202
    assert eventually(lambda: host.notes(timer="waits"))


def test_it_goes_by_the_clock_and_not_by_the_event_loops(monkeypatch):
    began = datetime.now(UTC)
    due = began + timedelta(seconds=0.05)

    def clock():
        """Half as fast."""
        return began + (datetime.now(UTC) - began) / 2

    monkeypatch.setattr(timers, "_now", clock)
    assert asyncio.run(timers._reached(due, asyncio.Event()))
    assert clock() >= due


def test_sigterm_waits_for_what_runs_and_begins_no_more(tmp_path, backend):
    app = """
    @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
    async def works(timer: func.TimerRequest) -> None:
        note(began=True)
        await asyncio.sleep(0.6)
        note(ended=True)

    @app.timer_trigger(arg_name="timer", schedule="0 0 0 29 2 *")
    async def idle(timer: func.TimerRequest) -> None:
        note(began=True)
    """
    with hosting(tmp_path, app, "--backend", backend) as host:
        eventually(lambda: host.notes(began=True))
        host.process.terminate()
        assert host.process.wait(3) == 0
    assert len(host.notes(began=True)) == len(host.notes(ended=True)) == 1


def test_function_timeout_applies(tmp_path, backend):
    app = """
    @app.timer_trigger(arg_name="timer", schedule="0 0 0 29 2 *", run_on_startup=True)
    async def never(timer: func.TimerRequest) -> None:
        note(began=True)
        await asyncio.sleep(60)
    """
    with hosting(tmp_path, app, "--backend", backend, host_json={"functionTimeout": "00:00:01"}) as host:
        host.service.worker.wait(5)
        assert 0.9 < time.time() - host.notes(began=True)[0]["at"] < 3
    assert "function never, invocation" in host.log
