"""One file says the version, and everything that tells of one says that."""

import asyncio
import json
import re
import tomllib
from contextlib import closing
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import httpx
import pytest
from click.testing import CliRunner

from functions import describe
from itwin_job_watch import version
from itwin_job_watch.cli import main
from itwin_job_watch.client import Api
from itwin_job_watch.webhooks.platform import Platform as WebhooksPlatform
from shared.core.remote import Request
from shared.version import USER_AGENT, VERSION
from tests.command_line import WATCH
from tests.unit.test_fetch import GRANTED, PATH, Platform, http, wired
from tests.unit.test_posting import post

__all__ = ["wired"]

ROOT = Path(__file__).parents[2]
CONTEXT: Any = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=""))
PARTS = (".github", "functions", "infra", "itwin_job_watch", "local/setup", "local/trials", "shared")
LITERAL = re.compile(rf"(?<![\d.]){re.escape(VERSION)}(?![\d.])")


def test_no_other_file_says_it():
    """But for the changelog, and those that tell of other things' versions."""
    files = [*ROOT.glob("*.*"), *(path for part in PARTS for path in (ROOT / part).rglob("*"))]
    texts = {path for path in files if path.is_file() and path.suffix in {".py", ".toml", ".yaml", ".yml", ".html"}}

    assert [path.relative_to(ROOT).as_posix() for path in sorted(texts) if LITERAL.search(path.read_text())] == [
        "shared/version.py"
    ]


def test_what_is_built_reads_it_from_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "shared.version.VERSION"}
    assert "include shared/version.py" in (ROOT / "MANIFEST.in").read_text().splitlines()


def test_it_is_one_that_a_tag_and_python_can_have():
    assert re.fullmatch(
        r"\d+\.\d+\.\d+((a|b|rc)\d+)?", VERSION
    )  # https://packaging.python.org/specifications/version-specifiers


def test_the_description_of_the_api_says_it():
    request = func.HttpRequest(method="GET", url="https://x.example/api/openapi.json", body=b"")

    answer = asyncio.run(describe.describe(request, CONTEXT))

    assert json.loads(answer.get_body())["info"]["version"] == VERSION


def test_the_platform_is_told(wired):
    async def scenario():
        async with Platform(GRANTED, http()) as platform:
            await wired(platform.origin)(Request(PATH, {}))
            return [headers["user-agent"] for _, headers in platform.asked]

    assert asyncio.run(scenario()) == [USER_AGENT] * 2  # for the token, and for the job
    assert USER_AGENT.endswith(f"/{VERSION}")


def test_receivers_of_callbacks_are_told():
    _, (request,) = post(httpx.Response(204))

    assert request.headers["user-agent"] == USER_AGENT


def agents_of(ask):
    """The names under which a client makes its requests."""
    made = []

    def answer(request):
        made.append(request.headers["user-agent"])
        return httpx.Response(200, json={"access_token": "t", "webhooks": []} | WATCH)

    ask(httpx.MockTransport(answer))
    return set(made)


def test_the_client_tells_the_app_and_the_platform():
    def ask_the_app(transport):
        with closing(Api("https://x.example", "k", transport)) as api:
            api.show("a")

    def ask_the_platform(transport):
        secret = ("id", "secret")
        platform = WebhooksPlatform("https://x.example", "https://x.example/token", secret, transport=transport)
        with closing(platform):
            platform.webhooks()

    assert agents_of(ask_the_app) == agents_of(ask_the_platform) == {f"itwin-job-watch/{version.VERSION}"}


def test_the_command_line_says_it_without_an_app():
    done = CliRunner().invoke(main, ["--version"], env={"ITWIN_JOB_WATCH_URL": None, "ITWIN_JOB_WATCH_KEY": None})

    assert (done.exit_code, done.stdout) == (0, f"itwin-job-watch {version.VERSION}\n")


@pytest.mark.parametrize(("installed", "said"), [("9.8.7", "9.8.7"), (None, VERSION)])
def test_the_client_says_what_is_installed_or_what_the_checkout_says(installed, said, monkeypatch):
    def look_up(name):
        if installed is None:
            raise PackageNotFoundError(name)
        return installed

    monkeypatch.setattr(version, "version", look_up)

    assert version._version() == said
