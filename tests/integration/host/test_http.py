"""HTTP triggers: routes, keys, what a function is given, and what becomes of its answer."""

import http.client
import re

import httpx
import pytest

from tests.integration.host.conftest import KEY, eventually, hosting

APP = """
ANYONE = func.AuthLevel.ANONYMOUS

@app.route(route="echo/{word}/{number:int?}", auth_level=ANYONE)
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "query": dict(req.params),
        "params": dict(req.route_params),
        "body": req.get_body().decode(),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")

@app.route(route="context", auth_level=ANYONE)
async def who(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    seen = {
        "invocation": context.invocation_id,
        "function": context.function_name,
        "parent": context.trace_context.trace_parent,
        "state": context.trace_context.trace_state,
        "retries": context.retry_context.retry_count,
        "worker": type(context).__module__,
    }
    return func.HttpResponse(json.dumps(seen))

@app.route(route="locked", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
def locked(req: func.HttpRequest) -> str:
    return "open"

@app.route(route="admin", auth_level=func.AuthLevel.ADMIN)
def admin(req: func.HttpRequest) -> str:
    return "open"

@app.route(route="thread", auth_level=ANYONE)
def thread(req: func.HttpRequest) -> str:
    return threading.current_thread().name

@app.route(route="made", auth_level=ANYONE)
def made(req: func.HttpRequest) -> func.HttpResponse:
    headers = {"Location": "/there", "X-Mine": "yes", "Set-Cookie": "crumb=1; Path=/; HttpOnly; SameSite=Lax"}
    return func.HttpResponse(b"\\xff\\x00", status_code=202, headers=headers, mimetype="application/x-it")

@app.route(route="fails", auth_level=ANYONE)
def fails(req: func.HttpRequest) -> str:
    raise ValueError("on purpose")

@app.route(route="nothing", auth_level=ANYONE)
def nothing(req: func.HttpRequest):
    return None

@app.route(route="a-dict", auth_level=ANYONE)
def a_dict(req: func.HttpRequest):
    return {}

@app.route(route="says", auth_level=ANYONE)
def says(req: func.HttpRequest) -> str:
    logging.getLogger("my.app").info("said")
    return ""
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory, backend):
    prefix = {"extensions": {"http": {"routePrefix": "v1"}}}
    with hosting(tmp_path_factory.mktemp("http"), APP, "--backend", backend, host_json=prefix) as host:
        yield host


def test_a_function_sees_the_request(host):
    sent = {"X-Mixed": "Case"}
    seen = host.call("POST", "/v1/echo/a%20b/7?x=1", content=b"hello", headers=sent).json()
    assert seen["method"] == "POST"
    assert seen["url"] == f"{host.url}/v1/echo/a%20b/7?x=1"
    assert seen["headers"]["x-mixed"] == "Case"
    assert seen["params"] == {"word": "a b", "number": "7"}
    assert seen["body"] == "hello"


def test_empty_query_values_are_dropped_and_several_joined(host):
    seen = host.call("GET", "/v1/echo/x?a=1&a=2&empty=&b=%26").json()
    assert seen["query"] == {"a": "1,2", "b": "&"}
    assert seen["params"] == {"word": "x"}


def test_several_headers_of_a_name_are_joined(host):
    seen = host.call("GET", "/v1/echo/x", headers=[("X-Two", "1"), ("x-two", "2")]).json()
    assert seen["headers"]["x-two"] == "1,2"


def test_a_chunked_body_arrives_empty(host):
    assert host.call("POST", "/v1/echo/x", content=iter([b"hel", b"lo"])).json()["body"] == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/none"), ("GET", "/api/locked"), ("GET", "/"), ("POST", "/v1/locked"), ("GET", "/v1/echo/x/y")],
)
def test_what_matches_no_route_is_not_found(host, method, path):
    assert host.call(method, path).status_code == 404


@pytest.mark.parametrize("path", ["/v1/locked", "/v1/admin"])
def test_a_key_opens(host, path):
    assert host.call("GET", path).text == "open"
    assert host.call("GET", f"{path}?code={KEY}", headers={}).text == "open"


@pytest.mark.parametrize("path", ["/v1/locked", "/v1/admin"])
@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY.upper(), "schlüssel".encode(), b"\xff"])
def test_without_the_key_it_stays_closed(host, path, key):
    response = host.call("GET", path, headers={} if key is None else {"x-functions-key": key})
    assert response.status_code == 401
    assert response.content == b""


def test_a_wrong_key_in_the_header_is_not_mended_by_the_query(host):
    assert host.call("GET", f"/v1/locked?code={KEY}", headers={"x-functions-key": "wrong"}).status_code == 401


def test_a_str_is_sent_as_text(host):
    response = host.call("GET", "/v1/locked")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_response_is_sent_as_it_was_made(host):
    response = host.call("GET", "/v1/made")
    assert response.status_code == 202
    assert response.headers["location"] == "/there"
    assert response.headers["x-mine"] == "yes"
    assert response.headers["content-type"] == "application/x-it"
    assert set(response.headers["set-cookie"].split("; ")) == {"crumb=1", "Path=/", "HttpOnly", "SameSite=Lax"}
    assert response.content == b"\xff\x00"


@pytest.mark.parametrize(
    ("path", "function", "why"),
    [
        ("/v1/fails", "fails", "ValueError: on purpose"),
        ("/v1/nothing", "nothing", "unable to encode outgoing TypedData"),
        ("/v1/a-dict", "a_dict", "unable to encode outgoing TypedData"),
    ],
)
def test_a_failure_is_an_empty_500_and_is_logged(host, path, function, why):
    response = host.call("GET", path)
    assert response.status_code == 500
    assert response.content == b""
    logged = eventually(
        lambda: re.search(rf"ERROR \S+ function {function} failed, invocation \S{{36}}\n(.*)", host.log, re.DOTALL)
    )
    assert why in logged[1]
    assert "function_app.py" in host.log


def test_a_sync_function_does_not_run_on_the_event_loop(host):
    assert host.call("GET", "/v1/thread").text != "MainThread"


def test_an_invocation_has_a_context(host, backend):
    one, two = (host.call("GET", "/v1/context").json() for _ in range(2))
    assert one["function"] == "who"
    assert one["retries"] == 0
    assert one["invocation"] != two["invocation"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", one["parent"])
    assert one["parent"].split("-")[1] != two["parent"].split("-")[1]
    assert one["worker"].startswith("azure_functions_runtime" if backend == "runtime" else "local.host")


def test_an_invocation_continues_the_callers_trace(host):
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    sent = {"traceparent": f"00-{trace}-{span}-00", "tracestate": "vendor=1"}
    seen = host.call("GET", "/v1/context", headers=sent).json()
    version, its_trace, its_span, flags = seen["parent"].split("-")
    assert (version, its_trace, flags) == ("00", trace, "00")
    assert its_span != span
    assert seen["state"] == "vendor=1"


@pytest.mark.parametrize(
    "traceparent", ["nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{'a' * 32}-00f067aa0ba902b7-01"]
)
def test_an_invalid_traceparent_starts_a_trace(host, traceparent):
    seen = host.call("GET", "/v1/context", headers={"traceparent": traceparent}).json()
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", seen["parent"])
    assert seen["parent"].split("-")[1] not in traceparent


def test_more_than_100_mb_are_refused(host):
    connection = http.client.HTTPConnection(httpx.URL(host.url).netloc.decode(), timeout=5)
    connection.putrequest("POST", "/v1/echo/x")
    connection.putheader("Content-Length", str(100 * 1024 * 1024 + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_the_log_has_what_the_app_says_and_no_key(host):
    host.call("GET", "/v1/says")
    host.call("GET", f"/v1/fails?code={KEY}")
    assert eventually(lambda: re.search(r"^\S+ \S+ INFO my\.app: said$", host.log, re.MULTILINE))
    assert KEY not in host.log
    assert f"listening {host.url}\n" in host.log
