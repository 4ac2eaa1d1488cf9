"""Runs small function apps in real host processes, on every back end that this Python has."""

import base64
import json
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueClient

from local.parts.processes import Service, free_port

KEY = "the-key"
BACKENDS = ["runtime", "sdk"] if find_spec("azure_functions_runtime") else ["sdk"]

#: Every app can `note` things for the test to read.
PRELUDE = """
import asyncio, json, logging, os, sys, threading, time
import azure.functions as func

app = func.FunctionApp()

def note(**what):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps({**what, "at": time.time()}) + "\\n")
"""


def write_app(directory: Path, source: str, host_json: dict[str, Any] | None = None) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "function_app.py").write_text(PRELUDE + textwrap.dedent(source))
    (directory / "host.json").write_text(json.dumps({"version": "2.0", **(host_json or {})}))
    return directory


def command(app: Path, port: int, *more: str) -> list[str]:
    return [sys.executable, "-m", "local.host", "--app", str(app), "--port", str(port), "--key", KEY, *more]


@dataclass
class Host:
    """A host that runs, seen from outside."""

    service: Service
    url: str
    directory: Path

    @property
    def process(self) -> Popen[bytes]:
        """The one that was started; its worker is another."""
        return self.service.process

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return httpx.request(method, self.url + path, **{"headers": {"x-functions-key": KEY}, "timeout": 20, **more})

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def notes(self, **like: Any) -> list[dict[str, Any]]:
        """What the functions noted so far, as far as it agrees with `like`."""
        notes = self.directory / "notes"
        found = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
        return [one for one in found if like.items() <= one.items()]


@contextmanager
def hosting(
    directory: Path,
    source: str,
    *arguments: str,
    host_json: dict[str, Any] | None = None,
    env: dict[str, str] | None = None,
) -> Iterator[Host]:
    app, port = write_app(directory, source, host_json), free_port()
    environment = {"NOTES": str(directory / "notes"), **(env or {})}
    with Service(command(app, port, *arguments), port, directory / "log", environment).running() as service:
        yield Host(service, f"http://127.0.0.1:{port}", directory)


def encoded(body: bytes | str) -> str:
    """As `messageEncoding` base64 has it."""
    return base64.b64encode(body.encode() if isinstance(body, str) else body).decode()


def eventually(condition: Callable[[], Any], within: float = 60) -> Any:
    """What `condition` returns, as soon as that is true."""
    give_up = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.05)
    return value


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture(scope="session")
def queue(azurite):
    """Make a queue of that name and give its client."""
    with ExitStack() as clients:

        def make(name: str) -> QueueClient:
            client = clients.enter_context(closing(QueueClient.from_connection_string(azurite, name)))
            client.create_queue()
            return client

        yield make
