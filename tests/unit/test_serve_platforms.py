"""Which platforms `serve` knows, and which origins it takes."""

import click
import pytest

from local.serve.platforms import platform_url, token_url

PRODUCTION = "https://ims.bentley.com/connect/token"
TESTING = "https://qa-ims.bentley.com/connect/token"


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        ("https://api.bentley.com", PRODUCTION),
        ("https://api.bentley.com/", PRODUCTION),
        ("api.bentley.com", PRODUCTION),
        ("dev-api.bentley.com", TESTING),
        ("https://qa-api.bentley.com", TESTING),
    ],
)
def test_bentleys_own_have_their_token_endpoint(written, tokens):
    assert token_url(platform_url(written), "") == tokens


def test_another_endpoint_can_be_named():
    assert token_url("https://api.bentley.com", "https://ims.example/token") == "https://ims.example/token"


def test_others_need_one():
    with pytest.raises(click.UsageError, match="ITWIN_TOKEN_URL"):
        token_url(platform_url("https://platform.example"), " ")


@pytest.mark.parametrize(
    "written", ["http://api.bentley.com", "https://api.bentley.com/v1", "https://a:b@api.bentley.com", "https://", ""]
)
def test_only_https_origins_are_taken(written):
    with pytest.raises(click.BadParameter, match="--platform"):
        platform_url(written)


def test_but_for_this_machine():
    assert platform_url("http://127.0.0.1:8080") == "http://127.0.0.1:8080"


def test_secrets_go_to_no_endpoint_without_https():
    with pytest.raises(click.UsageError, match="https"):
        token_url("https://api.bentley.com", "http://ims.example/token")
