"""Bentley's own clients, run by Node against the simulator."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.setup import node
from local.setup.bootstrap import STATE, one_at_a_time
from shared.clients.credentials import RETRY_DELAYS, ClientCredentials
from shared.clients.platform import Fetcher
from shared.clients.transport import AiohttpTransport
from shared.core.remote import Response
from tests.simulator import CREDENTIALS

HERE = Path(__file__).parent
TOKEN = "/connect/token"


class ClientError(Exception):
    """What a client of Bentley's threw: the platform's code or the error's name, and the status if it told one."""

    def __init__(self, name, status, says):
        super().__init__(f"{name} {status} {says}")
        self.name = name
        self.status = status


class Bentley:
    """The clients, asked one thing after the other."""

    def __init__(self, process):
        self.process = process

    def new_client(self, client_id=CREDENTIALS["client_id"], client_secret=CREDENTIALS["client_secret"]):
        self.ask("tokens", "renew", clientId=client_id, clientSecret=client_secret)

    def token(self):
        return self.ask("tokens", "token")

    def ask(self, api, what, **more):
        self.process.stdin.write(json.dumps({"api": api, "ask": what, **more}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise ClientError(answer["error"], answer["status"], answer.get("says"))
        return answer.get("is")


@pytest.fixture(scope="session")
def programs():
    found = node.find(Path(sys.prefix))
    assert found, "Node is missing: start through `python3 -m local test`"
    return found


@pytest.fixture(scope="session")
def packages(programs):
    """Where the packages are, as the lock file has them."""
    directory = STATE / "clients"
    with one_at_a_time():  # pytest's workers share the directory
        if not node.is_installed(HERE, directory):
            done = node.install(programs, HERE, directory)
            assert done.returncode == 0, done.stdout
    return directory


@pytest.fixture(scope="session")
def node_process(programs, packages, address):
    command = [*programs.node, str(HERE / "read.mjs"), str(packages), address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=10) == 0


@pytest.fixture
def ours(simulator, address):
    """The requests of ours, each through the parts that the app is made of, and the answers to them."""

    def ask_ours(*requests):
        before = len(simulator.requests())
        answers = asyncio.run(fetch(address, requests))
        assert all(isinstance(answer, Response) for answer in answers)
        return simulator.requests()[before:], answers

    return ask_ours


async def fetch(address, requests):
    async with AiohttpTransport(None) as http:
        credentials = ClientCredentials(
            http,
            address + TOKEN,
            **CREDENTIALS,
            scope="itwin-platform",
            delays=RETRY_DELAYS,
            spend=lambda: None,
            now=lambda: datetime.now(UTC),
        )
        fetcher = Fetcher(http, address, credentials, lambda: None)
        return [await fetcher(request) for request in requests]


@pytest.fixture
def bentley(node_process, simulator):  # noqa: ARG001 -- so that it forgets first
    """With a new token cache."""
    clients = Bentley(node_process)
    clients.new_client()
    return clients
