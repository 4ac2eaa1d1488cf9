"""`python3 -m local serve --platform`, as typed, with the simulator behind https in the place of the platform."""

import json
import os
import random
import ssl
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import httpx
import psutil
import pytest
from azure.data.tables import TableServiceClient

from local.parts.azurite import prepare_lasting
from local.parts.processes import Service, free_port
from local.parts.stack import CLIENT_ID, CLIENT_SECRET, DIRECT
from local.setup.bootstrap import ROOT
from tests.tls import certificate

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")

STARTED_WITHIN, ENDED_WITHIN = 120, 240

#: As in the other tests here: nothing waits for long.
SETTINGS = {
    "WAIT_SCALE": "0.05",
    "ITWIN_REQUESTS_PER_MINUTE": "100000",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
    "LOCAL_HOST_RESTART_INTERVAL": "0.5",
}

#: The words in a job's id, and what becomes of its watch.
ENDINGS = {"good": "succeeded", "fail": "failed", "cancel": "cancelled"}
EACH, KILLS = 5, 8


class Serve:
    """The command, which can be killed and typed again."""

    def __init__(self, platform, folder, data, *, secret=CLIENT_SECRET):
        self.platform, self.data, self.port = platform, data, free_port()
        self.out = folder / "serve.out"
        self.env = {
            **os.environ,
            **SETTINGS,
            "SSL_CERT_FILE": str(folder / "certificate.pem"),
            "ITWIN_TOKEN_URL": f"{platform}/connect/token",
            "ITWIN_CLIENT_ID": CLIENT_ID,
            "ITWIN_CLIENT_SECRET": secret,
            "HTTPS_PROXY": "http://127.0.0.1:9",  # nobody is there; this machine needs no proxy
        }
        self.process: Any = None

    def type(self, *more):
        command = [sys.executable, "-m", "local", "serve", "--platform", self.platform, "--data", str(self.data)]
        command += ["--port", str(self.port), "--lease", "5", *more]
        with self.out.open("ab") as out:
            return subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )

    def start(self):
        self.process = self.type()
        give_up = time.monotonic() + STARTED_WITHIN
        while not (self.data / "serving.json").exists() or not self.healthy():
            assert self.process.poll() is None, self.out.read_text()
            assert time.monotonic() < give_up, self.out.read_text()
            time.sleep(0.2)

    def healthy(self):
        try:
            return self.get("/health").status_code == 200
        except httpx.HTTPError:
            return False

    def get(self, path, **params):
        return self.ask("GET", path, params=params)

    def ask(self, method, path, **more):
        key = (self.data / "key").read_text().strip()
        url = f"http://127.0.0.1:{self.port}/api{path}"
        return httpx.request(
            method, url, headers={"x-functions-key": key}, timeout=10, trust_env=False, verify=NO_TLS, **more
        )

    def parts(self):
        """Its processes by what they are, those that run now."""
        found = {"serve": psutil.Process(self.process.pid)}
        for child in found["serve"].children(recursive=True):
            try:
                arguments = " ".join(child.cmdline())
            except psutil.Error:  # it has ended
                continue
            for name, mark in {"host": "local.host ", "worker": "local.host.worker", "storage": "azurite.js"}.items():
                if mark in arguments:
                    found[name] = child
        return found

    def kill(self, name):
        with suppress(KeyError, psutil.Error):  # it does not run at this moment
            self.parts()[name].kill()
        if name == "serve":
            self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(30) == 0


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("platform")
    certificate(made)
    return made


@pytest.fixture(scope="module")
def platform(folder):
    port = free_port()
    with Service([sys.executable, "-m", "tests.tls", str(port), str(folder)], port, folder / "log").running():
        yield f"https://127.0.0.1:{port}"


@pytest.fixture
def serve(platform, folder, tmp_path):
    made = Serve(platform, folder, tmp_path / "with a blank" / "data")
    yield made
    made.stop()


def start_patiently(serve, url):
    """Start a watch, as a client whose app is being killed; returns its id once it is acknowledged."""
    give_up = time.monotonic() + STARTED_WITHIN
    while True:
        try:
            answer = serve.ask("POST", "/watches", json={"url": url})
            if answer.status_code in {200, 202}:
                return answer.json()["id"]
        except (httpx.HTTPError, ValueError):
            pass
        assert time.monotonic() < give_up
        time.sleep(0.3)


def events_in(data):
    files = sorted(data.glob("events.jsonl*"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def results_in(data):
    identity = json.loads((data / "identity.json").read_text())
    storage, connection = prepare_lasting(data / "storage", data / "later.log", identity["storage_key"], [])
    with storage.running(), TableServiceClient.from_connection_string(connection, **DIRECT) as tables:
        return list(tables.get_table_client("Results").list_entities())


@pytest.mark.slow
@pytest.mark.thorough
def test_whatever_is_killed_every_watch_ends_once_and_is_announced(serve):
    draw = random.Random(19)  # noqa: S311 -- the same each time
    jobs = {f"{word}-{number}": outcome for word, outcome in ENDINGS.items() for number in range(EACH)}
    serve.start()
    victims = ["serve", "serve", "host", "worker", "storage", "storage"]
    victims += draw.choices(["serve", "host", "worker", "storage"], k=KILLS - len(victims))
    draw.shuffle(victims)
    started = {}
    for job in jobs:
        started[job] = start_patiently(serve, f"{serve.platform}/realitydataanalysis/jobs/{job}/progress")
        if victims and draw.random() < KILLS / len(jobs):
            serve.kill(victims[-1])
            if victims.pop() == "serve":
                serve.start()
    for victim in victims:
        time.sleep(draw.uniform(0, 2))
        serve.kill(victim)
        if victim == "serve":
            serve.start()

    ended: dict[str, Any] = {}
    give_up = time.monotonic() + ENDED_WITHIN
    while len(ended) < len(jobs):
        assert time.monotonic() < give_up, {job: watch for job, watch in started.items() if job not in ended}
        time.sleep(1)
        try:
            serve.ask("POST", "/../admin/functions/tend_watches", json={})
            watches = serve.get("/watches", state="ended", limit=100).json()["watches"]
        except (httpx.HTTPError, ValueError):
            continue
        ended = {watch["job"]["jobId"]: watch for watch in watches}
    serve.stop()

    assert {job: watch["outcome"] for job, watch in ended.items()} == jobs
    assert Counter(row["WatchId"] for row in results_in(serve.data)) == Counter(started.values())
    announced = {
        (one["customDimensions"]["watchId"], one["customDimensions"]["eventId"])
        for one in events_in(serve.data)
        if one["name"] == "WatchFinished"
    }
    assert sorted(watch for watch, _ in announced) == sorted(started.values())


def test_it_keeps_secrets_to_itself_and_ends_when_it_is_told(serve):
    serve.start()
    key = (serve.data / "key").read_text().strip()

    parts = serve.parts()
    assert parts.keys() == {"serve", "host", "worker", "storage"}
    for name, part in parts.items():
        assert CLIENT_SECRET not in " ".join(part.cmdline())
        assert key not in " ".join(part.cmdline())
        assert (CLIENT_SECRET in part.environ().values()) == (name in {"serve", "host", "worker"})
    for file in serve.data.rglob("*"):
        assert file.stat().st_mode & 0o077 == 0
        assert file.is_dir() or CLIENT_SECRET.encode() not in file.read_bytes()
    assert key not in serve.out.read_text()
    assert f"cat '{serve.data}/key'" in serve.out.read_text()

    second = serve.type()
    assert second.wait(STARTED_WITHIN) == 1
    assert f"Another `serve` runs with {serve.data} (process {serve.process.pid})" in serve.out.read_text()

    serve.stop()
    assert not (serve.data / "serving.json").exists()
    assert not any(part.is_running() and part.status() != psutil.STATUS_ZOMBIE for part in parts.values())


def test_a_wrong_secret_is_said_at_once(platform, folder, tmp_path):
    serve = Serve(platform, folder, tmp_path / "data", secret="wrong")

    assert serve.type().wait(STARTED_WITHIN) == 78
    assert "grants no token (HTTP 400 invalid_client)" in serve.out.read_text()


def test_a_port_that_is_taken_is_named(platform, folder, tmp_path):
    serve = Serve(platform, folder, tmp_path / "data")

    assert serve.type("--port", platform.rpartition(":")[2]).wait(STARTED_WITHIN) == 1
    assert f"port {platform.rpartition(':')[2]} is in use by another program" in serve.out.read_text()


def test_watch_finds_it(serve):
    serve.start()
    url = f"{serve.platform}/realitydataanalysis/jobs/by-hand/progress"

    done = subprocess.run(
        [sys.executable, "-m", "local", "watch", "--data", str(serve.data), "start", "--wait", url],
        cwd=ROOT, capture_output=True, text=True, timeout=ENDED_WITHIN, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "succeeded" in done.stdout
