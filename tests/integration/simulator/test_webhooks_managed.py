"""The five calls that manage webhooks."""

import pytest

from tests.webhook_receiver import SECRET

URL = "https://app.example/api/events?code=k3y=="
WANTED = {
    "callbackUrl": URL,
    "scope": "iTwin",
    "scopeId": "t1",
    "secret": SECRET,
    "eventTypes": ["realityAnalysis.jobCompleted.v1", "transformations.jobCompleted.v1"],
}


def create(simulator, **more):
    wanted = {name: value for name, value in (WANTED | more).items() if value is not None}
    return simulator.post("/webhooks", json=wanted)


@pytest.fixture
def webhook(simulator):
    return create(simulator).raise_for_status().json()


def test_a_webhook_is_created_inactive_and_shows_its_secret_once(simulator):
    answer = create(simulator)
    webhook = answer.json()

    assert answer.status_code == 201
    assert webhook == WANTED | {"id": webhook["id"], "active": False}
    shown = simulator.get(f"/webhooks/{webhook['id']}").json()
    assert simulator.get("/webhooks").json() == {"webhooks": [shown]}
    assert shown.keys() == (WANTED.keys() - {"secret"}) | {"id", "active", "created", "modified"}


def test_a_secret_is_made_if_none_is_given(simulator):
    made = {create(simulator, secret=None).json()["secret"] for _ in range(2)}

    assert [len(secret) >= 32 for secret in made] == [True, True]


def test_the_scope_account_has_no_id(simulator):
    assert create(simulator, scope="Account", scopeId=None).json()["scopeId"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"active": True},
        {"callbackUrl": "https://other.example/"},
        {"eventTypes": ["realityModeling.jobCompleted.v2"]},
    ],
    ids=str,
)
def test_each_member_can_be_changed_alone(simulator, webhook, change):
    before = simulator.get(f"/webhooks/{webhook['id']}").json()

    changed = simulator.patch(f"/webhooks/{webhook['id']}", json=change)

    assert changed.status_code == 200
    assert changed.json() == before | change | {"modified": changed.json()["modified"]}
    assert simulator.get(f"/webhooks/{webhook['id']}").json() == changed.json()


def test_what_is_deleted_is_gone(simulator, webhook):
    assert simulator.delete(f"/webhooks/{webhook['id']}").status_code == 204
    assert simulator.get("/webhooks").json() == {"webhooks": []}
    for method in ("GET", "PATCH", "DELETE"):
        answer = simulator.request(method, f"/webhooks/{webhook['id']}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "WebhookNotFound")


@pytest.mark.parametrize(
    ("change", "target"),
    [
        ({"callbackUrl": "http://app.example/"}, "callbackUrl"),
        ({"callbackUrl": "app.example"}, "callbackUrl"),
        ({"callbackUrl": None}, "callbackUrl"),
        ({"scope": "Project"}, "scope"),
        ({"scopeId": None}, None),
        ({"secret": "x" * 31}, "secret"),
        ({"eventTypes": []}, "eventTypes"),
        ({"eventTypes": ["changeElements.jobCompleted.v1"]}, "eventTypes.0"),
        ({"eventTypes": None}, "eventTypes"),
    ],
    ids=str,
)
def test_what_is_malformed_is_refused(simulator, change, target):
    answer = create(simulator, **change)

    assert answer.status_code == 422
    (detail,) = answer.json()["error"]["details"]
    assert detail.get("target") == target
    assert simulator.get("/webhooks").json() == {"webhooks": []}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"active": "yes"}', b'{"secret": "short"}'])
def test_a_malformed_change_changes_nothing(simulator, webhook, body):
    before = simulator.get("/webhooks").json()

    assert simulator.patch(f"/webhooks/{webhook['id']}", content=body).status_code == 422
    assert simulator.get("/webhooks").json() == before


def test_who_lacks_the_permission_at_an_itwin_is_refused_there_alone(simulator, webhook):
    simulator.post("/_sim/webhooks", json={"forbidden": ["T1"]}).raise_for_status()

    answers = [create(simulator)]
    answers += [simulator.request(how, f"/webhooks/{webhook['id']}") for how in ("GET", "PATCH", "DELETE")]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert answers[0].json()["error"]["code"] == "InsufficientPermissions"
    other = create(simulator, scopeId="t2").raise_for_status().json()
    assert [one["id"] for one in simulator.get("/webhooks").json()["webhooks"]] == [other["id"]]


def test_who_has_no_permission_at_all_sees_nothing(simulator):
    simulator.post("/_sim/webhooks", json={"forbidden": True}).raise_for_status()

    assert simulator.get("/webhooks").status_code == create(simulator).status_code == 403


def test_strangers_are_refused(stranger):
    assert stranger.get("/webhooks").status_code == create(stranger).status_code == 401


def test_another_version_is_refused(simulator):
    accept = {"Accept": "application/vnd.bentley.itwin-platform.v1+json"}

    assert simulator.get("/webhooks", headers=accept).status_code == 406


def test_the_rate_limit_counts_here_too(simulator):
    simulator.post("/_sim/limit", json={"requests": 0}).raise_for_status()

    assert simulator.get("/webhooks").headers["itwinplatform-ratelimited-api"] == "webhooks"


def test_a_reset_forgets_webhooks_and_switches(simulator, webhook):
    at_first = simulator.get("/_sim/webhooks").json()
    simulator.post("/_sim/webhooks", json={"lost": 1, "forbidden": [webhook["scopeId"]]}).raise_for_status()
    simulator.post("/_sim/reset").raise_for_status()
    simulator.log_in()

    assert simulator.get("/webhooks").json() == {"webhooks": []}
    assert simulator.get("/_sim/webhooks").json() == at_first


def test_switches_that_are_not_named_stay(simulator):
    simulator.post("/_sim/webhooks", json={"lost": 0.5}).raise_for_status()
    stand = simulator.post("/_sim/webhooks", json={"late": 2}).json()

    assert (stand["lost"], stand["late"], stand["doubled"]) == (0.5, 2, 0)


@pytest.mark.parametrize("order", [{"lost": 2}, {"late": -1}, {"unknown": 1}, {"repeat_after": [-1]}], ids=str)
def test_a_switch_that_cannot_be_is_named(simulator, order):
    answer = simulator.post("/_sim/webhooks", json=order)

    assert answer.status_code == 400
    assert next(iter(order)) in answer.json()["error"]
