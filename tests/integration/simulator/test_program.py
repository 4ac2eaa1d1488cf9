"""The simulator as a process, and as a part."""

import ast
import asyncio
import signal
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote_plus

import httpx
import pytest
from aiohttp import web
from click.testing import CliRunner

from local import simulator as package
from local.setup.bootstrap import ROOT
from local.simulator import create_app
from local.simulator.__main__ import simulator as command
from tests.webhook_receiver import receiving


@pytest.fixture
def start():
    with ExitStack() as children:

        def start(*arguments, stdin=subprocess.PIPE):
            command = [sys.executable, "-m", "local.simulator", *arguments]
            child = children.enter_context(
                subprocess.Popen(
                    command, cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
                )
            )
            children.callback(child.kill)
            assert child.stdout
            return child, child.stdout.readline().removeprefix("listening ").strip()

        yield start


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "end of stdin"])
def test_it_ends_cleanly(start, how):
    child, address = start()
    with httpx.Client(trust_env=False) as client:  # whose connection stays open
        assert client.get(f"{address}/_sim/requests").status_code == 200
        if how == "end of stdin":
            child.stdin.close()
        else:
            child.send_signal(signal.Signals[how])
        assert child.wait(timeout=5) == 0
    assert child.stdout.read() == ""


def test_it_ends_cleanly_while_it_sends(start):
    child, address = start()
    form = {"grant_type": "client_credentials", "client_id": "service-local", "client_secret": "local-secret"}
    with receiving() as receiver, httpx.Client(base_url=address, trust_env=False) as client:
        receiver.statuses = [503] * 3
        token = client.post("/connect/token", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        types = ["transformations.jobCompleted.v1"]
        wanted = {"callbackUrl": receiver.url(), "scope": "Account", "eventTypes": types}
        webhook = client.post("/webhooks", json=wanted).raise_for_status().json()
        client.patch(f"/webhooks/{webhook['id']}", json={"active": True}).raise_for_status()
        for job in ("j1", "j2"):
            client.post("/_sim/ended", json={"path": f"/transformations/{job}"}).raise_for_status()
        client.get("/transformations/j3").raise_for_status()  # will end
        receiver.events(2)
        child.terminate()
        assert child.wait(timeout=5) == 0
    assert child.stdout.read() == ""


def test_a_stdin_that_is_no_pipe_means_nothing(start):
    child, address = start(stdin=subprocess.DEVNULL)
    assert httpx.get(f"{address}/_sim/requests", trust_env=False).status_code == 200
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=0.3)


def test_options(start):
    who = {"client_id": "a:b", "client_secret": "c d%2B+ü"}
    _, address = start(
        *("--client-id", who["client_id"], "--client-secret", who["client_secret"]),
        *("--token-lifetime", "7", "--job-duration", "0.001"),
    )
    with httpx.Client(base_url=address, trust_env=False) as client:
        encoded = (quote_plus(who["client_id"]), quote_plus(who["client_secret"]))  # RFC 6749 §2.3.1
        token = client.post("/connect/token", data={"grant_type": "client_credentials"}, auth=encoded).json()
        assert token["expires_in"] == 7
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        states = [client.get("/realitydataanalysis/jobs/1/progress").json()["progress"]["state"] for _ in range(9)]
        assert states[-1] == "success"


def test_help_tells_the_words():
    said = CliRunner().invoke(command, ["--help"], prog_name="simulator").output
    assert "      fail          ends as failed\n      error         the same, in the older word" in said


def test_it_can_be_a_part_of_a_test():
    async def ask():
        runner = web.AppRunner(create_app(token_lifetime=timedelta(seconds=9)))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}", trust_env=False) as client:
            form = {"grant_type": "client_credentials", "client_id": "service-local", "client_secret": "local-secret"}
            answer = await client.post("/connect/token", data=form)
        await runner.cleanup()
        return answer.json()["expires_in"]

    assert asyncio.run(ask()) == 9


def test_it_is_an_independent_witness():
    directory = Path(str(package.__file__)).parent
    for file in directory.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            assert not [module for module in modules if module.split(".")[0] in ("shared", "functions")], file
