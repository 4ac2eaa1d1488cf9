"""The simulated platform as a process of its own, for the tests of a session; it forgets between them."""

import ssl
import sys
import time

import httpx
import pytest

from local.parts.processes import Service, free_port
from local.setup.bootstrap import ROOT

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without certificates, which take longer to load than a test to run
CREDENTIALS = {"client_id": "service-local", "client_secret": "local-secret"}


class Simulator(httpx.Client):
    """A client of the simulator that knows its back door."""

    def script(self, path, *entries):
        self.post("/_sim/jobs", json={"path": path, "script": entries}).raise_for_status()

    def clock(self, path, **clock):
        self.post("/_sim/jobs", json={"path": path, "clock": clock}).raise_for_status()

    def tokens(self, **order):
        self.post("/_sim/tokens", json=order).raise_for_status()

    def requests(self):
        return self.get("/_sim/requests").raise_for_status().json()["requests"]

    def events(self):
        return self.get("/_sim/events").raise_for_status().json()["events"]

    def token(self):
        form = {"grant_type": "client_credentials", **CREDENTIALS}
        return self.post("/connect/token", data=form).raise_for_status().json()["access_token"]

    def log_in(self):
        self.headers.pop("Authorization", None)
        self.headers["Authorization"] = f"Bearer {self.token()}"

    def ended(self, path, **clock):
        """The answer about a job that has just ended."""
        self.clock(path, seconds=0.001, **clock)
        self.get(path).raise_for_status()
        time.sleep(0.002)
        return self.get(path)


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    port, log = free_port(), tmp_path_factory.mktemp("simulator") / "log"
    command = [sys.executable, "-m", "local.simulator", "--port", str(port)]
    with Service(command, port, log, {"PYTHONPATH": str(ROOT)}).running():
        yield f"http://127.0.0.1:{port}"
    assert log.read_text() == f"listening http://127.0.0.1:{port}\n"  # and no traceback


@pytest.fixture
def stranger(address):
    """Has no token."""
    with Simulator(base_url=address, trust_env=False, verify=NO_TLS) as client:
        client.post("/_sim/reset").raise_for_status()
        yield client


@pytest.fixture
def simulator(stranger):
    """Has one."""
    stranger.log_in()
    return stranger
