import base64
import time
from urllib.parse import quote_plus

import pytest

from tests.simulator import CREDENTIALS

JOB = "/realitydataanalysis/jobs/1/progress"
GRANT = {"grant_type": "client_credentials", "scope": "itwin-platform"}


def basic(client_id, secret):
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def error(answer):
    return answer.status_code, answer.json()["error"]


def status_with(client, token):
    return client.get(JOB, headers={"Authorization": f"Bearer {token}"}).status_code


def test_discovery_has_what_bentleys_client_insists_on(stranger, address):
    document = stranger.get("/.well-known/openid-configuration").json()
    assert document["issuer"] == address
    assert document["token_endpoint"] == f"{address}/connect/token"
    assert document.keys() >= {
        "authorization_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    }


@pytest.mark.parametrize(
    ("form", "headers"), [({**GRANT, **CREDENTIALS}, {}), (GRANT, basic(*CREDENTIALS.values()))], ids=["body", "basic"]
)
def test_a_token_for_credentials(stranger, form, headers):
    answer = stranger.post("/connect/token", data=form, headers=headers)
    body = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "itwin-platform")
    assert status_with(stranger, body["access_token"]) == 200


def test_every_token_is_another(stranger):
    assert stranger.token() != stranger.token()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
        ({"scope": "openid"}, "invalid_scope"),
    ],
)
def test_errors_of_rfc_6749(stranger, change, expected):
    form = {name: value for name, value in {**GRANT, **CREDENTIALS, **change}.items() if value is not None}
    assert error(stranger.post("/connect/token", data=form)) == (400, expected)


@pytest.mark.parametrize(
    "headers", [basic("service-local", "wrong"), {"Authorization": "Basic ###"}, {"Authorization": "Bearer abc"}]
)
def test_a_client_unknown_by_its_header(stranger, headers):
    answer = stranger.post("/connect/token", data=GRANT, headers=headers)
    assert error(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_two_ways_to_authenticate_are_one_too_many(stranger):
    answer = stranger.post("/connect/token", data={**GRANT, **CREDENTIALS}, headers=basic(*CREDENTIALS.values()))
    assert error(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    "path",
    [
        JOB,
        "/accesscontrol/itwins/t1/jobs/1",
        "/schedules/s1/operations/1",
        "/insights/reporting/datasources/extraction/status/1",
        "/insights/reporting/datasources/extraction/status/1/logs",
    ],
)
def test_every_api_wants_a_token(stranger, path):
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {
            "code": "HeaderNotFound",
            "message": "Header Authorization was not found in the request. Access denied.",
        }
    }
    for header in ("Bearer wrong", "Bearer", f"Basic {stranger.token()}"):
        answer = stranger.get(path, headers={"Authorization": header})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "Unauthorized")


def test_a_token_expires(stranger):
    stranger.tokens(lifetime=0.3)
    token = stranger.token()
    assert status_with(stranger, token) == 200
    time.sleep(0.31)
    assert status_with(stranger, token) == 401


def test_a_lifetime_is_for_later_tokens(stranger):
    early = stranger.token()
    stranger.tokens(lifetime=1.9)
    form = {**GRANT, **CREDENTIALS}
    assert stranger.post("/connect/token", data=form).json()["expires_in"] == 1  # never longer than it is
    stranger.tokens(lifetime=0.001)
    late = stranger.token()
    time.sleep(0.002)
    assert (status_with(stranger, early), status_with(stranger, late)) == (200, 401)


def test_revoked_tokens_are_bad_and_new_ones_good(stranger):
    old = stranger.token()
    stranger.tokens(revoke=True)
    assert status_with(stranger, old) == 401
    assert status_with(stranger, stranger.token()) == 200


@pytest.mark.parametrize("order", [{}, {"revoke": False}, {"lifetime": 0}, {"lifetime": "long"}, {"revok": True}])
def test_orders_that_make_no_sense(stranger, order):
    answer = stranger.post("/_sim/tokens", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]
