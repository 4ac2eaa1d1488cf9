"""The token goes to the paths of one origin, whatever a row says."""

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.platform import Fetcher
from shared.core.remote import NoResponse, Request, Response
from tests.unit.test_fetch import Tokens, spend_nothing

ORIGIN = "https://api.bentley.com"


def asked(path, origin=ORIGIN, headers=None):
    """What comes of a path, what was asked, and how often a token was wanted."""
    made, tokens = [], Tokens("t0ken")

    def answer(request):
        made.append(request)
        return httpx.Response(200)

    async def scenario():
        transport = httpx.MockTransport(answer)
        return await Fetcher(transport, origin, tokens, spend_nothing)(Request(path, headers or {}))

    return asyncio.run(scenario()), made


WRONG = [
    "",
    "http://elsewhere/",
    "https://api.bentley.com.evil.example/x",
    "https://api.bentley.com/x",  # ours, but no path
    "HTTPS://elsewhere/",
    "//elsewhere/x",
    "///elsewhere/x",
    "/\\elsewhere/x",
    "\\\\elsewhere\\x",
    "/x\\..\\y",
    "/x?y=\\",
    "elsewhere/x",
    "@elsewhere/x",
    ":8080/x",
    ".evil.example/x",
    "javascript:alert(1)",
    "?x",
    "#x",
    "/x#y",
    "/x//y",
    "/jobs/../progress",
    "/jobs/./progress",
    "/jobs/..",
    "/jobs/.",
    "/../x",
    "/jobs/%2e%2e/progress",
    "/jobs/%2E%2E/progress",
    "/jobs/.%2e/progress",
    "/jobs/%2e./progress",
    "/jobs/%2e/progress",
    "/jobs/%2E?x",
    "/x y",
    " /x",
    "/x ",
    "/x\n",
    "/x\r\nX-Evil: 1",
    "/x\t",
    "/x\x00",
    "/x\x7f",
    "/x\x85",
    "/é",
    "/\ud800",
    "/a%2F..%2Fb/c",
    "/%252e%252e/x",
    "/..;/..;/x",
    "/.%2e;x/y",
    "/a/..%5cb",
    "/a%00b",
    "/x" * 40_000,
]


@pytest.mark.parametrize("path", WRONG, ids=lambda path: ascii(path)[:40])
def test_what_is_no_path_of_ours_is_not_asked(path):
    answer, made = asked(path)

    assert made == []
    assert answer == NoResponse("not asked: the path is none of the platform's")


@pytest.mark.parametrize(
    "path",
    [
        *["/", "/x", "/x/", "/x?", "/x?y=http://elsewhere//..&$top=1", "/@elsewhere/x", "/a%2Fb/c"],
        *["/%252e%252ex/x", "/...", "/..x", "/x..", "/a:b@c", "/%5C", "/x;y=1,2"],
    ],
)
def test_what_is_one_is_asked_as_it_is(path):
    answer, (request,) = asked(path)

    assert isinstance(answer, Response)
    assert str(request.url) == ORIGIN + path
    assert request.url.raw_path == path.encode()
    assert request.headers["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://[::1]:8080", "https://qa-api.bentley.com:8443"])
def test_the_origin_may_have_a_port(origin):
    _, (request,) = asked("/x", origin)

    assert str(request.url) == origin + "/x"


def test_a_header_that_cannot_be_written_is_not_asked_with():
    assert asked("/x", headers={"If-None-Match": "é€"})[1] == []


PIECES = st.lists(
    st.sampled_from([*"/.\\@:?#%;& \n", "..", "%2e", "%2E", "%2f", "%5c", "http:", "//", "x", "é", "elsewhere"])
)


@given(PIECES.map("".join) | PIECES.map(lambda pieces: "/" + "".join(pieces)) | st.text())
def test_whatever_a_row_says_the_token_stays_at_the_origin(path):
    _, made = asked(path)

    for request in made:
        assert (request.url.scheme, request.url.netloc, request.url.userinfo) == ("https", b"api.bentley.com", b"")
        assert request.url.raw_path == path.encode()
        segments = path.partition("?")[0].lower().replace("%2e", ".").split("/")
        assert not {".", ".."} & set(segments)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed_even_by_a_client_that_would(status):
    made = []

    def answer(request):
        made.append(str(request.url))
        return httpx.Response(status, headers={"location": "https://elsewhere/x"})

    async def scenario():
        wire = httpx.MockTransport(answer)
        return await Fetcher(wire, ORIGIN, Tokens("t"), spend_nothing)(Request("/x", {}))

    assert asyncio.run(scenario()).status == status
    assert made == [ORIGIN + "/x"]
