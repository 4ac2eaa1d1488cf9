"""Where links may lead: nowhere but to the origin that gave them, since the token goes along."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.untrusted import LONGEST_LINK, follow

STATUS = "https://api.bentley.com/insights/reporting/datasources/extraction/status/j"


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (STATUS + "/logs", "/insights/reporting/datasources/extraction/status/j/logs"),
        # the platform's own links: a slash before the query, and a literal $
        ("https://api.bentley.com/logs/?$top=100&$continuationToken=7a59", "/logs/?$top=100&$continuationToken=7a59"),
        ("/logs", "/logs"),
        ("j/logs", "/insights/reporting/datasources/extraction/status/j/logs"),
        ("?$top=1", "/insights/reporting/datasources/extraction/status/j?$top=1"),
        ("https://api.bentley.com:443/logs", "/logs"),
        ("HTTPS://API.bentley.com/logs", "/logs"),
        ("/logs#end", "/logs"),
        ("/a%2Fb/logs", "/a%2Fb/logs"),
        ('/logs?token="é|{a}<b>`^&more=a+b', "/logs?token=%22%C3%A9%7C%7Ba%7D%3Cb%3E%60%5E&more=a+b"),
        ("/ä'(1)[2]~/logs?q=a/b?c@d:e", "/%C3%A4'(1)[2]~/logs?q=a/b?c@d:e"),
    ],
)
def test_a_link_of_the_same_origin_is_followed(link, path):
    assert follow(link, STATUS) == path


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/logs",
        "//evil.example/logs",
        "https://api.bentley.com.evil.example/logs",
        "https://api.bentley.com@evil.example/logs",
        "https://evil@api.bentley.com/logs",
        "http://api.bentley.com/logs",
        "https://api.bentley.com:8443/logs",
        "https://api.bentley.com:port/logs",
        "https://[::1/logs",
        "https://api.bentley.com//evil.example/logs",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "/logs\r\nHost: evil.example",
        "/lo gs",
        "/" + "x" * LONGEST_LINK,
        "",
        None,
        7,
        ["/logs"],
    ],
)
def test_any_other_link_is_none(link):
    assert follow(link, STATUS) == ""


@given(st.text() | st.from_regex(r"(https?:)?//[^/]*/.*"))
def test_whatever_a_link_is_it_stays_here_and_raises_nothing(link):
    path = follow(link, STATUS)

    assert path == "" or (path.startswith("/") and not path.startswith("//"))
