"""What callers may name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.trace import read_traceparent
from shared.web.headers import public_url, request_id

GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (GOOD, GOOD),
        (f" {GOOD} ", GOOD),
        ("cc" + GOOD[2:] + "-what-comes-later", "cc" + GOOD[2:]),
        (GOOD + "-more", ""),
        ("cc" + GOOD[2:] + "more", ""),
        ("ff" + GOOD[2:], ""),
        (GOOD.upper(), ""),
        (GOOD[:-1], ""),
        ("00-" + "0" * 32 + GOOD[35:], ""),
        (GOOD[:36] + "0" * 16 + "-01", ""),
        (GOOD + "\r\nx: y", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_traceparent_is_kept_or_ignored(value, kept):
    assert read_traceparent(value) == kept


@given(st.text())
def test_no_request_id_breaks_out_of_its_header(text):
    echoed = request_id(text)
    assert echoed.isascii()
    assert echoed.isprintable()
    assert " " not in echoed
    assert 1 <= len(echoed) <= 128


HERE = "http://app.azurewebsites.net/api/watches?code=key#top"


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ({}, "http://app.azurewebsites.net/api/watches"),
        ({"x-forwarded-host": "jobs.example.com"}, "http://jobs.example.com/api/watches"),
        ({"x-original-host": "jobs.example.com:8443"}, "http://jobs.example.com:8443/api/watches"),
        ({"x-forwarded-proto": "https"}, "https://app.azurewebsites.net/api/watches"),
        (
            {"x-forwarded-host": " jobs.example.com , inner.example.com", "x-forwarded-proto": "HTTPS, http"},
            "https://jobs.example.com/api/watches",
        ),
        *(
            ({"x-forwarded-host": host, "x-forwarded-proto": "javascript"}, "http://app.azurewebsites.net/api/watches")
            for host in (
                "",
                "a b",
                "user@example.com",
                "example.com/path",
                "example.com/",
                "x:99999",
                "a?b",
                "a#b",
                "\r",
            )
        ),
    ],
)
def test_a_location_is_that_of_the_front_door(headers, url):
    assert public_url(HERE, headers) == url
