"""Where a callback may go."""

import pytest

from shared.core.callback_url import may_be_called, target
from shared.core.url import Url

HOSTS = {"hooks.example.com", "hooks.example.com:8443", "127.0.0.1:9000", "[::1]:9000"}


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://hooks.example.com", Url("https", "hooks.example.com", 443, "/")),
        ("https://hooks.example.com:443/a%20b", Url("https", "hooks.example.com", 443, "/a%20b")),
        ("https://hooks.example.com:8443/x", Url("https", "hooks.example.com", 8443, "/x")),
        ("http://127.0.0.1:9000/", Url("http", "127.0.0.1", 9000, "/")),
        ("http://[::1]:9000/", Url("http", "[::1]", 9000, "/")),
    ],
)
def test_what_is_listed_is_called(url, wanted):
    assert target(url, HOSTS) == wanted


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://hooks.example.com:80/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com.evil.example/",
        "https://evil.example/hooks.example.com",
        "https://hooks.example.com@evil.example/",
        "https://hooks.example.com\\@evil.example/",
        "https://hooks.example.com/?q",
        "https://hooks.example.com/#f",
        "https://Hooks.example.com/",
        "https://hooks.example.com./",
        "https://hooks.example.com/\n",
        "https://hooks.example.com/" + "x" * 1024,
        "http://127.0.0.1:9001/",
        "http://127.1:9000/",
        "http://2130706433:9000/",
        "http://localhost:9000/",
        "HTTPS://hooks.example.com/",
        "hooks.example.com",
    ],
)
def test_what_is_not_is_not(url):
    with pytest.raises(ValueError, match=r"must|lists|list"):
        target(url, HOSTS)


@pytest.mark.parametrize("address", ["93.184.215.14", "20.50.2.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are_called(address):
    assert may_be_called(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.168.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:93.184.215.14",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:a00:1::1",
        "2001::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
    ],
)
def test_no_others_are(address):
    assert not may_be_called(address)
