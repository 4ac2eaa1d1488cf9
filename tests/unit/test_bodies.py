"""What a body may cost: none is unpacked beyond its limit, and one that cannot be read is said to be so."""

import asyncio
import gzip
import ssl
import threading
import tracemalloc
import zlib
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.body import MOST_PIECES
from shared.clients.exchange import exchange
from shared.clients.platform import Fetcher
from shared.clients.transport import AiohttpTransport
from shared.core.remote import NoResponse, Request, Response
from tests.unit.test_credentials import Endpoint, tried
from tests.unit.test_fetch import Tokens, spend_nothing

LIMIT = 1024 * 1024

ORIGIN = "https://x.example"

#: A thousandth of the bombs, and several times what is read at once.
HELD = 4 * LIMIT


def bomb(size, *, times=1):
    """Zeros, packed so often."""
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    packed = b"".join(packer.compress(bytes(LIMIT)) for _ in range(size // LIMIT)) + packer.flush()
    for _ in range(times - 1):
        packed = gzip.compress(packed)
    return packed


BOMB = bomb(256 * LIMIT)
STACKED = bomb(1024 * LIMIT, times=2)


class Pieces(httpx.AsyncByteStream):
    """A body in pieces, and how many of them were read."""

    def __init__(self, *pieces):
        self.pieces, self.read = pieces, 0

    async def __aiter__(self):
        for piece in self.pieces:
            self.read += 1
            if isinstance(piece, BaseException):
                raise piece
            yield piece


def asking():
    return httpx.Request("GET", ORIGIN)


def sent(headers, *pieces, status=200, limit=LIMIT):
    """What comes of an answer, and the memory that it took."""

    async def scenario():
        wire = httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, stream=Pieces(*pieces)))
        return await exchange(wire, asking(), largest=limit, within=timedelta(seconds=30))

    tracemalloc.start()
    try:
        return asyncio.run(scenario()), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def sliced(body, size=64 * 1024):
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("status", [200, 401, 404, 429, 503])
@pytest.mark.parametrize("cut", [sliced, lambda body: [body]], ids=["in pieces", "at once"])
@pytest.mark.parametrize(
    ("encoding", "body", "unread"),
    [
        ("gzip", BOMB, "a body of over 1 MiB"),
        ("GZIP", BOMB, "a body of over 1 MiB"),
        ("x-gzip", BOMB, "a body of over 1 MiB"),
        ("identity, gzip", BOMB, "a body of over 1 MiB"),
        ("gzip, gzip", STACKED, "a body in the encoding 'gzip, gzip'"),
        ("gzip,gzip,gzip", STACKED, "a body in the encoding 'gzip, gzip, gzip'"),
        ("deflate", zlib.compress(bytes(64 * LIMIT)), "a body in the encoding 'deflate'"),
        ("br", b"\x0b\x02\x80", "a body in the encoding 'br'"),
        ("zstd", b"(\xb5/\xfd", "a body in the encoding 'zstd'"),
        ("gzip, br", BOMB, "a body in the encoding 'gzip, br'"),
        ("x" * 300, b"x", "a body in the encoding with a long name"),
    ],
)
def test_no_bomb_is_unpacked_and_its_status_and_headers_count(status, cut, encoding, body, unread):
    headers = {"content-encoding": encoding, "retry-after": "7"}

    response, peak = sent(headers, *cut(body), status=status)

    assert (response.status, response.headers["retry-after"], response.body) == (status, "7", b"")
    assert response.unread == unread
    assert peak < HELD


def test_encodings_in_two_headers_are_two_encodings():
    response, _ = sent([("content-encoding", "gzip"), ("content-encoding", "gzip")], STACKED)

    assert response.unread == "a body in the encoding 'gzip, gzip'"


@pytest.mark.parametrize("length", [0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT])
@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "x-gzip", "Identity, GZip"])
def test_the_limit_is_that_of_the_body_and_not_of_what_is_sent(length, encoding):
    body = bytes(length)

    response, _ = sent(
        {"content-encoding": encoding}, *sliced(gzip.compress(body) if "z" in encoding.lower() else body)
    )

    assert (len(response.body), response.unread) == ((length, "") if length <= LIMIT else (0, "a body of over 1 MiB"))


def test_a_body_that_hardly_packs_is_read_whole():
    body = bytes(sum(divmod(number * number, 251)) % 256 for number in range(LIMIT))
    packed = gzip.compress(body, 0)
    assert len(packed) > LIMIT

    assert sent({"content-encoding": "gzip"}, *sliced(packed))[0].body == body


@pytest.mark.parametrize(
    ("endless", "unread"),
    [
        (b"\x1f\x8b\x08\x08" + b"\x00" * 6 + b"n" * 9 * LIMIT, "a body of over 1 MiB"),  # a name
        (gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 2 * LIMIT, "a body of over 1 MiB"),  # empty blocks
        (gzip.compress(b"") * LIMIT, "a body that is not one whole gzip"),
    ],
    ids=["name", "blocks", "members"],
)
def test_a_gzip_that_holds_nothing_is_not_read_for_ever(endless, unread):
    response, peak = sent({"content-encoding": "gzip"}, *sliced(endless))

    assert (response.body, response.unread) == (b"", unread)
    assert peak < HELD


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        (b"{}", "a body that is no gzip"),
        (b"\xff" * 99, "a body that is no gzip"),
        (gzip.compress(b"x" * 999)[:20] + b"\xff" * 20, "a body that is no gzip"),
        (gzip.compress(b"x" * 999)[:-1], "a body that is not one whole gzip"),
        (gzip.compress(b"x" * 999)[:12], "a body that is not one whole gzip"),
        (gzip.compress(b"x") + b"more", "a body that is not one whole gzip"),
        (gzip.compress(b"x") + gzip.compress(b"y"), "a body that is not one whole gzip"),
    ],
    ids=["json", "bytes", "broken", "cut short", "hardly begun", "with more", "two"],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_is_no_gzip_is_not_taken_for_an_empty_body(body, unread, size):
    response, _ = sent({"content-encoding": "gzip"}, *sliced(body, size))

    assert (response.body, response.unread) == (b"", unread)


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, gzip"])
@pytest.mark.parametrize("pieces", [[], [b""], [b"", b""]])
def test_an_answer_without_a_body_has_nothing_to_unpack(encoding, pieces):
    response, _ = sent({"content-encoding": encoding}, *pieces, status=304)

    assert (response.body, response.unread) == (b"", "")


def test_nothing_is_read_beyond_the_limit():
    body = Pieces(*[bytes(64 * 1024)] * 1000)

    async def scenario():
        wire = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
        await exchange(wire, asking(), largest=LIMIT, within=timedelta(seconds=30))

    asyncio.run(scenario())

    assert body.read == 17


def test_a_plain_body_is_asked_for():
    asked = []

    async def scenario():
        def answer(request):
            asked.append(request.headers["accept-encoding"])
            return httpx.Response(200, json={"access_token": "t"})

        await Fetcher(httpx.MockTransport(answer), ORIGIN, Tokens("t"), spend_nothing)(Request("/x", {}))

    asyncio.run(scenario())

    assert asked == ["identity"]


@contextmanager
def server(encoding, body):
    """A server that answers everything with this body."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Encoding", encoding)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.mark.parametrize(("encoding", "body"), [("gzip", BOMB), ("gzip, gzip", STACKED)])
def test_a_platform_and_a_token_endpoint_that_send_bombs_cost_little(encoding, body):
    async def scenario(origin):
        async with AiohttpTransport(ssl.create_default_context()) as http:
            tokens = Endpoint().client()
            tokens.http, tokens.url = http, origin + "/token"
            return await Fetcher(http, origin, Tokens("t"), spend_nothing)(Request("/x", {})), await tried(tokens)

    with server(encoding, body) as origin:
        tracemalloc.start()
        try:
            response, said = asyncio.run(scenario(origin))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert (response.status, response.body) == (200, b"")
    assert response.unread
    assert said.startswith("the token endpoint answered 200 with a body ")
    assert peak < HELD


@pytest.mark.parametrize("broken", [OSError("t0ken"), RuntimeError("t0ken"), httpx.ReadError("t0ken"), zlib.error("x")])
def test_a_body_that_breaks_off_is_said_to(broken):
    response, _ = sent({"retry-after": "7"}, b"{", broken, status=503)

    assert (response.status, response.headers["retry-after"], response.body) == (503, "7", b"")
    assert response.unread.startswith("a body that ")
    assert "t0ken" not in response.unread


ENCODINGS = st.lists(
    st.sampled_from(["gzip", "x-gzip", "GZIP", "identity", "br", "", "deflate", "é", "t0ken"]), max_size=3
)
BODIES = st.binary(max_size=300) | st.binary(max_size=300).map(gzip.compress) | st.just(bomb(LIMIT))
HEADERS = st.dictionaries(st.sampled_from(["etag", "retry-after", "x"]), st.text(st.characters(codec="latin-1")))


@given(st.integers(100, 599), ENCODINGS, HEADERS, st.lists(BODIES, max_size=3))
def test_any_answer_is_a_response_with_a_body_or_with_why_there_is_none(status, encodings, headers, pieces):
    written = [(name, value.encode("latin-1")) for name, value in headers.items()]
    written.append(("content-encoding", ",".join(encodings).encode("latin-1")))

    response, peak = sent(written, *pieces, status=status, limit=1000)

    assert isinstance(response, Response)
    assert not (response.body and response.unread)
    assert len(response.body) <= 1000
    assert peak < HELD


#: What the libraries below may raise, and what they are built on.
BROKEN = [
    httpx.InvalidURL,
    RuntimeError,
    OSError,
    ValueError,
    KeyError,
    AssertionError,
    httpx.ReadTimeout,
    TimeoutError,
]


@pytest.mark.parametrize("kind", BROKEN)
def test_whatever_a_transport_raises_is_no_response(kind):
    def answer(_):
        raise kind("t0ken")

    async def scenario():
        return await Fetcher(httpx.MockTransport(answer), ORIGIN, Tokens("t0ken"), spend_nothing)(Request("/x", {}))

    late = kind is TimeoutError
    said = "no answer within 30 s" if late else f"no answer: {kind.__name__}"
    assert asyncio.run(scenario()) == NoResponse(said)


def test_a_turn_that_is_cancelled_is_cancelled():
    async def answer(_):
        raise asyncio.CancelledError

    async def scenario():
        await Fetcher(httpx.MockTransport(answer), ORIGIN, Tokens("t"), spend_nothing)(Request("/x", {}))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


def test_a_body_in_very_many_pieces_is_not_read_to_its_end():
    pieces = Pieces(*[b"x"] * 20_000)

    async def scenario():
        wire = httpx.MockTransport(lambda _: httpx.Response(503, headers={"retry-after": "7"}, stream=pieces))
        return await exchange(wire, asking(), largest=LIMIT, within=timedelta(seconds=30))

    answer = asyncio.run(scenario())

    assert pieces.read == MOST_PIECES + 1
    assert (answer.status, answer.headers["retry-after"], answer.unread) == (503, "7", "a body in over 5,000 pieces")
