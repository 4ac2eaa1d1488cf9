"""gzip, seen without a client that undoes it."""

import gzip
import json

import pytest

PATH = "/schedules/s1/operations/o1"


def raw(simulator, path, accepts):
    with simulator.stream("GET", path, headers={"Accept-Encoding": accepts}) as answer:
        return answer.headers.get("content-encoding"), b"".join(answer.iter_raw())


@pytest.mark.parametrize("accepts", ["gzip", "deflate, gzip;q=0.5", "br, GZIP"])
def test_who_asks_for_it_gets_it(simulator, accepts):
    coding, body = raw(simulator, PATH, accepts)
    assert coding == "gzip"
    assert json.loads(gzip.decompress(body)) == simulator.get(PATH, headers={"Accept-Encoding": "identity"}).json()


@pytest.mark.parametrize("accepts", ["", "identity", "deflate", "gzip;q=0"])
def test_nobody_else_does(simulator, accepts):
    coding, body = raw(simulator, PATH, accepts)
    assert coding is None
    assert json.loads(body)["operation"]


def test_a_304_stays_empty(simulator):
    etag = simulator.get(PATH).headers["ETag"]
    answer = simulator.get(PATH, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("body", [{"a": 1}, "<p>"])
def test_a_scripted_answer_says_so_itself(simulator, body):
    simulator.script(PATH, {"body": body}, {"body": body, "gzip": True}, {"gzip": True})
    assert raw(simulator, PATH, "gzip")[0] is None
    coding, zipped = raw(simulator, PATH, "identity")
    assert coding == "gzip"
    assert gzip.decompress(zipped) == (body if isinstance(body, str) else json.dumps(body)).encode()
    assert raw(simulator, PATH, "identity") == (None, b"")
