"""HTTP triggers: routes, keys, what a function is given, and what becomes of its answer.

What the real host does here was seen on host 4.1037 with the Python worker 4.34, by raw requests to it.
"""

import gzip
import re
import socket
from contextlib import contextmanager

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

@app.route(route="bytes", methods=["GET", "HEAD", "POST"], auth_level=ANYONE)
async def bytes_of(req: func.HttpRequest) -> func.HttpResponse:
    body = req.get_body()
    seen = {"length": len(body), "start": body[:40].hex(), "encoding": req.headers.get("content-encoding")}
    return func.HttpResponse(json.dumps(seen), headers={"Location": req.url})

@app.route(route="{nothing:maxlength(0)?}", methods=["GET", "HEAD"], auth_level=ANYONE)
async def front_page(req: func.HttpRequest) -> str:
    return "front"

@app.route(route="empty", auth_level=ANYONE)
async def empty(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=int(req.params["status"]))

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


@contextmanager
def connected(host, head, body=b""):
    """A connection on which just that is sent; gives a function that reads until what it got holds some bytes."""
    url = httpx.URL(host.url)
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(head + body)
        got = b""

        def read(until=None, patience=20):
            nonlocal got
            connection.settimeout(patience)
            while until is None or until not in got:
                if not (more := connection.recv(65536)):
                    break
                got += more
            return got

        yield read


def raw(host, target, *headers, method=b"GET", host_header=b"Host: here", body=b""):
    """The status, the headers by lower-case name, and the body, as they are on the wire."""
    lines = [method + b" " + target + b" HTTP/1.1", host_header, *headers, b"Connection: close"]
    with connected(host, b"\r\n".join([*filter(None, lines), b"", b""]), body) as read:
        head, _, answer = read().partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in lines}, answer


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


def test_a_packed_body_arrives_packed(host):
    packed = gzip.compress(b"hello")
    seen = host.call("POST", "/v1/bytes", content=packed, headers={"Content-Encoding": "gzip"}).json()
    assert seen == {"length": len(packed), "start": packed.hex(), "encoding": "gzip"}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-16", "", "multipart/form-data"])
@pytest.mark.parametrize("body", [b'\xef\xbb\xbf{ "a":1 }\r\n', b"\xff\xfe\x00", b"a=1&a=2"])
def test_a_body_arrives_byte_for_byte_whatever_its_type_says(host, body, content_type):
    seen = host.call("POST", "/v1/bytes", content=body, headers={"Content-Type": content_type}).json()
    assert seen["start"] == body.hex()


def test_a_get_may_have_a_body(host):
    assert host.call("GET", "/v1/bytes", content=b"hello").json()["length"] == 5


def test_a_body_of_90_mb_arrives(host):
    assert host.call("POST", "/v1/bytes", content=bytes(90_000_000), timeout=60).json()["length"] == 90_000_000


def test_a_blank_in_a_query_may_be_a_plus_and_a_raw_number_sign_is_of_the_query(host):
    _, _, answer = raw(host, b"/v1/echo/x?a=1+2&b=3#4&c=%2B")
    assert b'"query": {"a": "1 2", "b": "3#4", "c": "+"}' in answer
    assert b'"url": "http://here/v1/echo/x?a=1+2&b=3#4&c=%2B"' in answer


def test_addresses_come_from_the_host_header_alone(host):
    forwarded = {"X-Forwarded-Host": "there", "X-Forwarded-Proto": "https", "Forwarded": "host=there;proto=https"}
    answer = host.call("GET", "/v1/bytes?x=%41", headers={"Host": "here:81", **forwarded})
    assert answer.headers["location"] == "http://here:81/v1/bytes?x=%41"


@pytest.mark.parametrize(
    ("sent", "seen"), [("a%2fb", "a%2Fb"), ("%ff", "\ufffd"), ("x/../y", "y"), ("./z/", "z"), ("%C3%A9", "é")]
)
def test_a_path_is_decoded_but_for_slashes(host, sent, seen):
    _, _, answer = raw(host, b"/V1/ECHO/" + sent.encode())
    assert httpx.Response(200, content=answer.split(b"\r\n")[1]).json()["params"] == {"word": seen}


@pytest.mark.parametrize("target", ["/v1/echo/é", "/v1/echo/%00", "/v1/echo/x#y"])
def test_a_target_that_cannot_be_is_refused_without_a_word(host, target):
    status, headers, answer = raw(host, target.encode())
    assert (status, answer) == (400, b"")
    assert "content-type" not in headers


def test_a_long_path_and_long_headers_are_refused(host):
    assert raw(host, b"/v1/echo/" + b"x" * 8000)[0] == 200
    assert raw(host, b"/v1/echo/" + b"x" * 9000)[::2] == (414, b"")
    several = [b"X-%d: %b" % (number, b"x" * 3000) for number in range(12)]
    assert raw(host, b"/v1/echo/x", *several[:10])[0] == 200
    assert raw(host, b"/v1/echo/x", *several)[::2] == (431, b"")


@pytest.mark.parametrize(("method", "host_header"), [(b"FOO", b"Host: here"), (b"get", b"Host: here"), (b"GET", b"")])
def test_what_aiohttp_does_not_take_is_refused(host, method, host_header):
    """The real host lets the methods reach the routes, and answers 500 without a Host header."""
    assert raw(host, b"/v1/bytes", method=method, host_header=host_header)[::2] == (400, b"")


@pytest.mark.parametrize(
    ("target", "status"), [("", 200), ("/", 200), ("//", 404), ("//echo/x", 404), ("/echo//x", 404), ("/./", 200)]
)
def test_slashes_are_taken_as_they_are(host, target, status):
    assert raw(host, b"/v1" + target.encode())[0] == status
    assert raw(host, b"/v1" + target.encode(), method=b"HEAD")[0] == status


def test_an_answer_comes_in_chunks(host):
    _, headers, answer = raw(host, b"/v1/bytes")
    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers
    assert answer.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("status", [200, 202, 304, 404])
def test_an_empty_answer_has_no_length_either(host, status):
    got, headers, _ = raw(host, f"/v1/empty?status={status}".encode())
    assert got == status
    assert "content-length" not in headers


@pytest.mark.parametrize("target", ["/v1/bytes", "/v1", "/v1/none", "/v1/locked", "/", "/v1/empty?status=204"])
def test_the_answer_to_a_head_says_nothing_of_a_body(host, target):
    _, headers, answer = raw(host, target.encode(), method=b"HEAD")
    assert not {"content-length", "transfer-encoding"} & headers.keys()
    assert answer == b""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/none"),
        ("GET", "/api/locked"),
        ("POST", "/v1/locked"),
        ("HEAD", "/v1/locked"),
        ("POST", "/v1"),
        ("GET", "/v1/echo/x/y"),
        ("DELETE", "/v1/bytes"),
    ],
)
def test_what_matches_no_route_is_not_found(host, method, path):
    answer = host.call(method, path)
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_outside_the_prefix_there_is_a_welcome_page(host, method):
    answer = host.call(method, "/", headers={})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert "<title>" in answer.text


@pytest.mark.parametrize("path", ["/admin/host/status", "/Admin/functions/locked", "/admin/"])
def test_what_is_for_administrators_asks_for_the_key_first(host, path):
    assert [host.call("GET", path, headers={}).status_code, host.call("GET", path).status_code] == [401, 404]


@pytest.mark.parametrize("path", ["/v1/locked", "/v1/admin"])
def test_the_one_key_opens_all_levels(host, path):
    assert host.call("GET", path).text == "open"
    assert host.call("GET", f"{path}?code={KEY}", headers={}).text == "open"


@pytest.mark.parametrize("path", ["/v1/locked", "/v1/admin"])
@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY.upper(), "schlüssel".encode(), b"\xff"])
def test_without_the_key_it_stays_closed(host, path, key):
    response = host.call("GET", path, headers={} if key is None else {"x-functions-key": key})
    assert response.status_code == 401
    assert response.content == b""
    assert "content-type" not in response.headers


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


def test_more_than_100_mb_are_not_read(host):
    """DefaultMaxRequestBodySize of ScriptConstants.cs."""
    before = host.log.count("Request body too large")
    head = b"POST /v1/bytes HTTP/1.1\r\nHost: here\r\nContent-Length: 104857601\r\n\r\n"
    with connected(host, head) as read:
        assert read(until=b"\r\n\r\n").startswith(b"HTTP/1.1 500 ")
    eventually(lambda: host.log.count("Request body too large") == before + 1)


def test_a_body_is_asked_for_when_it_is_read(host):
    """As Kestrel does; a caller that waits to be asked sends nothing to a locked function."""
    head = b"GET %s HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    with connected(host, head % b"/v1/locked") as read:
        assert read(until=b"\r\n\r\n").startswith(b"HTTP/1.1 401 ")
    with connected(host, head % b"/v1/bytes") as read:
        assert read(until=b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_a_locked_function_refuses_before_the_body_comes(host):
    head = b"GET /v1/locked HTTP/1.1\r\nHost: here\r\nContent-Length: 90000000\r\n\r\n"
    with connected(host, head) as read:
        assert read(until=b"\r\n\r\n").startswith(b"HTTP/1.1 401 ")


def test_an_open_function_reads_anybodys_body_first(host):
    head = b"POST /v1/bytes HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n"
    with connected(host, head, b"x") as read, pytest.raises(TimeoutError):
        read(until=b"HTTP/1.1", patience=0.5)


@pytest.mark.parametrize(("limit", "status"), [("3", 500), ("4", 200), ("nonsense", 200)])
def test_the_limit_of_a_body_is_a_setting(tmp_path, limit, status):
    """Beyond it the body is not read, the caller is told nothing, and one exception is logged."""
    settings = {"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": limit, "AzureWebJobsDisableHomepage": "True"}
    app = """
    @app.route(auth_level=func.AuthLevel.ANONYMOUS)
    async def length(req: func.HttpRequest) -> str:
        note(length=len(req.get_body()))
        return ""
    """
    with hosting(tmp_path, app, env=settings) as host:
        answer = host.call("POST", "/api/length", content=b"1234")
        assert (answer.status_code, answer.content) == (status, b"")
        assert host.call("POST", "/api/length", content=b"123").status_code == 200
        assert [one["length"] for one in host.notes()] == ([4, 3] if status == 200 else [3])
        assert host.log.count("Request body too large") == (status == 500)
        home = host.call("GET", "/")
        assert (home.status_code, home.content) == (204, b"")
        assert "content-type" not in home.headers


def test_the_log_has_what_the_app_says_and_no_key(host):
    host.call("GET", "/v1/says")
    host.call("GET", f"/v1/fails?code={KEY}")
    assert eventually(lambda: re.search(r"^\S+ \S+ INFO my\.app: said$", host.log, re.MULTILINE))
    assert KEY not in host.log
    assert f"listening {host.url}\n" in host.log
