"""What webhooks are sent when jobs end, and what may go wrong."""

import asyncio
import json
import re
import time
from datetime import UTC, datetime

import httpx
import pytest
from aiohttp import web

from local.simulator import create_app
from local.simulator.webhooks import sending
from local.simulator.webhooks.message import Message, signature
from tests.webhook_receiver import SECRET, receiving, signed

ANALYSIS = "realityAnalysis.jobCompleted.v1"
JOB = "/realitydataanalysis/jobs/{}/progress"

#: By event: the path of a job, and the content.
EVENTS = [
    (ANALYSIS, JOB.format("j1"), {"jobId": "j1"}),
    (ANALYSIS, "/reality-analysis/jobs/j1/progress", {"jobId": "j1"}),
    ("realityModeling.jobCompleted.v1", "/contextcapture/jobs/j1", {"jobId": "j1"}),
    ("realityModeling.jobCompleted.v2", "/reality-modeling/jobs/j1/progress", {"jobId": "j1"}),
    ("realityConversion.jobCompleted.v1", "/realityconversion/jobs/j1/progress", {"jobId": "j1"}),
    ("realityConversion.jobCompleted.v2", "/reality-conversion/jobs/j1/progress", {"jobId": "j1"}),
    (
        "transformations.jobCompleted.v1",
        "/transformations/j1",
        {"transformationId": "j1", "status": "Succeeded"},
    ),
    *(
        (
            "synchronization.jobCompleted.v1",
            f"/synchronization/imodels/{kind}connections/c1/runs/j1",
            {
                "synchronizationId": "j1",
                "connectionId": "c1",
                "iModelId": "99a64b80-8341-59e9-a062-8dcbd980d726",
                "result": "success",
            },
        )
        for kind in ("storage", "manifest")
    ),
    (
        "changedElements.jobCompleted.v1",
        "/changedelements/comparisonjob/j1/itwin/t1/imodel/m1",
        {"jobId": "j1", "iModelId": "m1", "jobSucceeded": True},
    ),
]
TYPES = sorted({event for event, *_ in EVENTS})


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def register(simulator, receiver):
    """Makes an active webhook."""

    def register(*, url=None, active=True, itwin="t1", types=TYPES):
        wanted = {"callbackUrl": url or receiver.url(), "secret": SECRET, "eventTypes": types}
        scope = {"scope": "Account"} if itwin is None else {"scope": "iTwin", "scopeId": itwin}
        webhook = simulator.post("/webhooks", json=wanted | scope).raise_for_status().json()
        simulator.patch(f"/webhooks/{webhook['id']}", json={"active": active}).raise_for_status()
        return webhook

    return register


def end(simulator, path, *, itwin="t1", **clock):
    """Let a job end that nobody asks for."""
    order = {"path": path, "clock": {"seconds": 0.001, "now": True, **clock}, "iTwinId": itwin}
    simulator.post("/_sim/jobs", json=order).raise_for_status()


def switch(simulator, **switches):
    simulator.post("/_sim/webhooks", json={"repeat_after": [0.01] * 4, **switches}).raise_for_status()


def deliveries(simulator, times):
    give_up = time.monotonic() + 20
    while len(found := simulator.get("/_sim/deliveries").json()["deliveries"]) < times:
        assert time.monotonic() < give_up, f"{len(found)} of {times}"
        time.sleep(0.01)
    return found


def test_the_signature_is_that_of_the_test_vector():
    when = datetime(2023, 11, 3, 20, 7, 1, tzinfo=UTC)
    message = Message("m-1", "w-1", ANALYSIS, {"jobId": "j-1"}, "t-1", when, when)

    assert len(message.body()) == 167
    assert (
        signature("0123456789abcdef0123456789abcdef", message.body())
        == "sha256=69b2dbda57fa293a30e1131cc760ae2af507ad92e2db5954fdf50c93ae6ae4ae"
    )


@pytest.mark.parametrize("told", EVENTS, ids=[path for _, path, _ in EVENTS])
def test_a_webhook_is_sent_the_event_of_a_job_that_ends(simulator, receiver, register, told):
    event, path, content = told
    webhook = register()
    end(simulator, path)

    (envelope,) = receiver.events()
    ((target, headers, body),) = receiver.got

    assert target == "/api/events?code=k3y%2F=="
    assert headers["Signature"] == signed(body)
    assert headers["Content-Type"] == "application/json"
    assert list(envelope) == ["content", "eventType", "enqueuedDateTime", "iTwinId", "messageId", "webhookId"]
    assert (envelope["content"], envelope["eventType"]) == (content, event)
    assert (envelope["iTwinId"], envelope["webhookId"]) == ("t1", webhook["id"])
    assert re.fullmatch(r"[1-9]\d?/[1-9]\d?/\d{4} [1-9]\d?:\d\d:\d\d [AP]M", envelope["enqueuedDateTime"])


@pytest.mark.parametrize(
    "told",
    [
        ("/transformations/j", "Failed", {"status": "Failed"}),
        ("/synchronization/imodels/storageconnections/c/runs/j", "PartialSuccess", {"result": "partialSuccess"}),
        ("/changedelements/comparisonjob/j/itwin/t1/imodel/m", "Failed", {"jobSucceeded": False}),
    ],
)
def test_some_events_say_how_the_job_ended(simulator, receiver, register, told):
    path, ends, content = told
    register()
    end(simulator, path, ends=ends)

    (envelope,) = receiver.events()

    assert content.items() <= envelope["content"].items()


def test_jobs_begin_in_each_way_and_end_once(simulator, receiver, register):
    register(itwin=None)
    simulator.clock(JOB.format("asked"), seconds=0.001)
    simulator.get(JOB.format("asked")).raise_for_status()
    simulator.post("/_sim/jobs", json={"api": "reality-analysis-v2", "clock": {"seconds": 0.001}}).raise_for_status()
    begun = simulator.post("/reality-analysis/jobs", json={"iTwinId": "t9"}).json()["job"]
    waiting = simulator.post("/realityconversion/jobs", json={}).json()["job"]
    simulator.patch(f"/realityconversion/jobs/{waiting['id']}", json={"state": "cancelled"}).raise_for_status()

    envelopes = receiver.events(3)

    found = {envelope["content"]["jobId"]: envelope["iTwinId"] for envelope in envelopes}
    usual = simulator.get("/_sim/webhooks").json()["iTwinId"]
    assert found == {"asked": usual, begun["id"]: "t9", waiting["id"]: usual}
    assert len(receiver.got) == len({envelope["messageId"] for envelope in envelopes}) == 3


def test_the_status_knows_the_end_when_the_event_comes(simulator, receiver, register):
    register()
    end(simulator, JOB.format("j1"), seconds=0.05)
    receiver.events()

    assert simulator.get(JOB.format("j1")).json()["progress"]["state"] == "success"


def test_only_active_webhooks_of_the_itwin_and_the_type_are_sent_it(simulator, register):
    register(active=False)
    register(itwin="t2")
    register(types=["realityModeling.jobCompleted.v1"])
    right = [register()["id"], register(itwin=None)["id"], register(itwin="T1")["id"]]
    order = {"path": JOB.format("j1"), "iTwinId": "t1"}
    assert simulator.post("/_sim/ended", json=order).json() == {"messages": 3}

    sent = deliveries(simulator, 3)

    assert sorted(one["webhookId"] for one in sent) == sorted(right)
    assert len({one["messageId"] for one in sent}) == 3


@pytest.mark.parametrize("status", [302, 401, 404, 500, 503])
def test_what_is_not_accepted_is_sent_again_with_the_same_id(simulator, receiver, register, status):
    register()
    switch(simulator)
    receiver.statuses = [status, status, 204]
    end(simulator, JOB.format("j1"))

    sent = deliveries(simulator, 3)

    assert [(one["attempt"], one["status"]) for one in sent] == [(1, status), (2, status), (3, 204)]
    assert len({body for _, _, body in receiver.got}) == 1
    assert {path for path, *_ in receiver.got} == {"/api/events?code=k3y%2F=="}


def test_in_the_end_it_is_given_up(simulator, receiver, register):
    register()
    switch(simulator)
    receiver.statuses = [500] * 9
    end(simulator, JOB.format("j1"))
    deliveries(simulator, 5)
    receiver.statuses = []
    end(simulator, JOB.format("j2"))

    sent = deliveries(simulator, 6)

    assert [one["content"]["jobId"] for one in sent] == ["j1"] * 5 + ["j2"]


def test_a_receiver_that_is_not_there_gets_it_when_it_is(simulator, receiver, register):
    with receiving() as gone:
        url = gone.url()
    webhook = register(url=url)
    switch(simulator, repeat_after=[0.1] * 50)
    end(simulator, JOB.format("j1"))
    assert deliveries(simulator, 1)[0]["error"] == "ClientConnectorError"
    simulator.patch(f"/webhooks/{webhook['id']}", json={"callbackUrl": receiver.url()}).raise_for_status()

    assert receiver.events()[0]["content"] == {"jobId": "j1"}


def test_what_is_sent_again_is_signed_with_the_secret_of_then(simulator, receiver, register):
    webhook = register()
    switch(simulator, repeat_after=[0.2] * 50)
    receiver.statuses = [500] * 3
    end(simulator, JOB.format("j1"))
    receiver.events()
    simulator.patch(f"/webhooks/{webhook['id']}", json={"secret": "n" * 32}).raise_for_status()
    receiver.events(4)

    _, headers, body = receiver.got[-1]
    assert headers["Signature"] == signed(body, "n" * 32)


@pytest.mark.parametrize(("method", "body"), [("DELETE", None), ("PATCH", {"active": False})])
def test_a_webhook_that_is_turned_off_is_sent_nothing_any_more(simulator, receiver, register, method, body):
    webhook = register()
    switch(simulator, late=0.2)
    end(simulator, JOB.format("j1"))
    simulator.request(method, f"/webhooks/{webhook['id']}", json=body).raise_for_status()
    register()
    end(simulator, JOB.format("j2"))

    assert [envelope["content"]["jobId"] for envelope in receiver.events()] == ["j2"]


def test_after_five_seconds_it_is_given_up_and_sent_again(monkeypatch):
    """With a shorter time-out: the figure itself is in the code."""
    assert sending.TIMEOUT == 5
    monkeypatch.setattr(sending, "TIMEOUT", 0.1)
    came, go_on = [], asyncio.Event()

    async def slow(request):
        came.append(await request.json())
        if len(came) == 1:
            await go_on.wait()
        return web.Response()

    async def run():
        slowly = web.Application()
        slowly.router.add_post("/", slow)
        async with asyncio.timeout(20):
            url, stop = await served(slowly)
            platform, stop_platform = await served(create_app())
            async with httpx.AsyncClient(base_url=platform, trust_env=False) as client:
                form = {"grant_type": "client_credentials", "client_id": "service-local"}
                token = (await client.post("/connect/token", data=form | {"client_secret": "local-secret"})).json()
                client.headers["Authorization"] = f"Bearer {token['access_token']}"
                wanted = {"callbackUrl": url, "scope": "Account", "eventTypes": TYPES}
                webhook = (await client.post("/webhooks", json=wanted)).json()
                await client.patch(f"/webhooks/{webhook['id']}", json={"active": True})
                await client.post("/_sim/webhooks", json={"repeat_after": [0.01]})
                await client.post("/_sim/ended", json={"path": JOB.format("j1")})
                while True:
                    sent = (await client.get("/_sim/deliveries")).json()["deliveries"]
                    if len(sent) == 2:
                        break
                    await asyncio.sleep(0.01)
            go_on.set()
            await stop_platform()
            await stop()
        return sent

    sent = asyncio.run(run())

    assert [(one["status"], one["error"]) for one in sent] == [(None, "TimeoutError"), (200, None)]
    assert came[0] == came[1]


async def served(app):
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}/", runner.cleanup


def test_messages_are_lost(simulator, receiver, register):
    register()
    switch(simulator, lost=1)
    end(simulator, JOB.format("j1"))
    (lost,) = deliveries(simulator, 1)
    switch(simulator, lost=0)
    end(simulator, JOB.format("j2"))

    assert [envelope["content"]["jobId"] for envelope in receiver.events()] == ["j2"]
    assert (lost["lost"], lost["attempt"], lost["status"]) == (True, 0, None)


def test_a_share_of_the_messages_is_lost(simulator, register):
    register()
    switch(simulator, lost=0.5)
    for number in range(40):
        end(simulator, JOB.format(number))

    lost = [one["lost"] for one in deliveries(simulator, 40)]

    assert 5 < sum(lost) < 35


def test_messages_are_late(simulator, register):
    register()
    switch(simulator, late=0.3)
    end(simulator, JOB.format("j1"))
    (sent,) = deliveries(simulator, 1)

    ended, at = (datetime.fromisoformat(sent[name]) for name in ("endedAt", "time"))
    assert (at - ended).total_seconds() >= 0.3


def test_messages_are_doubled(simulator, receiver, register):
    register()
    switch(simulator, doubled=1)
    end(simulator, JOB.format("j1"))

    first, second = receiver.events(2)

    assert first == second
    assert [one["again"] for one in deliveries(simulator, 2)] == [False, True]


def test_messages_are_overtaken(simulator, receiver, register):
    register()
    switch(simulator, out_of_order=1)
    order = {"path": JOB.format("first"), "iTwinId": "t1"}
    assert simulator.post("/_sim/ended", json=order).json() == {"messages": 1}
    switch(simulator, out_of_order=0)
    end(simulator, JOB.format("second"))

    assert [envelope["content"]["jobId"] for envelope in receiver.events(2)] == ["second", "first"]


def test_messages_are_wrongly_signed(simulator, receiver, register):
    register()
    switch(simulator, wrongly_signed=1)
    receiver.statuses = [401]
    end(simulator, JOB.format("j1"))
    receiver.events(2)

    for _, headers, body in receiver.got:
        assert re.fullmatch("sha256=[0-9a-f]{64}", headers["Signature"])
        assert headers["Signature"] != signed(body)
    assert [one["rightlySigned"] for one in deliveries(simulator, 2)] == [False, False]


def test_messages_come_before_the_status_knows_the_end(simulator, receiver, register):
    register()
    switch(simulator, before_the_status=60)
    end(simulator, JOB.format("j1"), seconds=60)

    receiver.events()

    assert simulator.get(JOB.format("j1")).json()["progress"]["state"] == "unsubmitted"
    switch(simulator, before_the_status=0)


def test_the_boolean_is_a_text(simulator, receiver, register):
    register()
    switch(simulator, boolean_as_text=True)
    end(simulator, "/changedelements/comparisonjob/j/itwin/t1/imodel/m")

    assert receiver.events()[0]["content"]["jobSucceeded"] == "true"


def test_an_event_can_be_sent_whatever_the_job_does(simulator, receiver, register):
    register()
    simulator.script(JOB.format("scripted"), {"body": {"progress": {"state": "active"}}})
    orders = [{"path": JOB.format(job), "iTwinId": "t1"} for job in ("scripted", "missing", "forever")]

    assert [simulator.post("/_sim/ended", json=order).json() for order in orders] == [{"messages": 1}] * 3
    assert simulator.post("/_sim/ended", json=orders[0] | {"iTwinId": "t2"}).json() == {"messages": 0}
    jobs = {envelope["content"]["jobId"] for envelope in receiver.events(3)}
    assert jobs == {"scripted", "missing", "forever"}
    assert simulator.get(JOB.format("missing")).status_code == 404


@pytest.mark.parametrize("path", ["/schedules/s/operations/o", "/export/connections/c/runs/r", "/nowhere"])
def test_no_event_tells_of_other_jobs(simulator, path):
    assert simulator.post("/_sim/ended", json={"path": path}).status_code == 400


def test_a_job_that_is_planned_anew_ends_once(simulator, receiver, register):
    register()
    end(simulator, "/transformations/j1", seconds=0.1)
    end(simulator, "/transformations/j1", seconds=0.2, ends="Failed")

    assert receiver.events()[0]["content"]["status"] == "Failed"


def test_each_end_is_told_when_it_comes(simulator, receiver, register):
    register()
    for seconds in (0.2, 0.001, 0.1):
        end(simulator, JOB.format(seconds), seconds=seconds)

    assert [envelope["content"]["jobId"] for envelope in receiver.events(3)] == ["0.001", "0.1", "0.2"]
    assert all(one["time"] >= one["endedAt"] for one in deliveries(simulator, 3))


def test_a_patch_may_make_a_new_secret(simulator, receiver, register):
    webhook = register()
    switch(simulator, renews_secrets=True)
    simulator.patch(f"/webhooks/{webhook['id']}", json={"active": True}).raise_for_status()
    end(simulator, JOB.format("j1"))
    receiver.events()
    simulator.patch(f"/webhooks/{webhook['id']}", json={"secret": SECRET}).raise_for_status()
    end(simulator, JOB.format("j2"))
    receiver.events(2)

    rightly = [headers["Signature"] == signed(body) for _, headers, body in receiver.got]
    assert rightly == [False, True]


def test_deliveries_tell_neither_keys_nor_secrets(simulator, receiver, register):
    register()
    end(simulator, JOB.format("j1"))

    told = json.dumps(deliveries(simulator, 1)) + json.dumps(simulator.requests())

    assert "k3y" not in told
    assert SECRET not in told
    assert f"{receiver.url('/api/events')}" in told


@pytest.mark.parametrize(
    "order",
    [
        {"api": "reality-analysis", "clock": {"now": True}},
        {"path": JOB.format("j1"), "script": [{}], "iTwinId": "t1"},
        {"path": JOB.format("j1"), "clock": {}, "iTwinId": ""},
    ],
    ids=str,
)
def test_orders_that_mean_nothing_are_refused(simulator, order):
    assert simulator.post("/_sim/jobs", json=order).status_code == 400
