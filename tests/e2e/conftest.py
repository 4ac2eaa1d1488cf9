"""All parts together, once for all tests here."""

import time

import pytest

from local.parts.processes import free_port
from local.parts.stack import stack
from tests.e2e.receiver import SECRET, receiving

#: Two, as while they are rotated.
EVENT_SECRETS = ("e2e-" * 8, "old-" * 8)

#: A twentieth of the real delays, no limit to requests, and failed turns tried again at once, so that these tests end.
SETTINGS = {
    "WAIT_SCALE": "0.05",
    "ITWIN_REQUESTS_PER_MINUTE": "100000",
    "WEBHOOK_SECRETS": ",".join(EVENT_SECRETS),
    "POLLING_TRANSFORMATIONS": "86400",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
}


@pytest.fixture(scope="session")
def receiver():
    """Takes callbacks, and answers as their path says."""
    with receiving() as running:
        yield running


@pytest.fixture(scope="session")
def spare_port():
    """One that the app sends callbacks to, for a receiver that a test starts."""
    return free_port()


@pytest.fixture(scope="session")
def parts(receiver, spare_port):
    hosts = f"{receiver.host},127.0.0.1:{spare_port}"
    with stack(SETTINGS | {"CALLBACK_HOSTS": hosts, "CALLBACK_SECRET": SECRET}) as running:
        yield running


@pytest.fixture(scope="session")
def app(parts):
    with parts.app() as client:
        client.event_hooks = {}  # errors are what some tests are about
        yield client


@pytest.fixture
def nothing_open(app):
    """What earlier tests left to be watched is stopped first: it would fill the first page of a list."""
    stop_all(app)


def stop_all(app):
    """Stop all open watches."""
    for _ in range(20):
        watches = app.get("/watches", params={"state": "watching", "limit": 100}).json()["watches"]
        for watch in watches:
            app.delete(f"/watches/{watch['id']}")
        if not watches:
            return
    raise AssertionError("watches that cannot be stopped")


@pytest.fixture(scope="session")
def platform(parts):
    with parts.simulator_control() as client:
        yield client


@pytest.fixture(scope="session")
def ended(app):
    """A function that waits until a watch has ended, and returns it."""

    def wait(watch_id, within=60):
        give_up = time.monotonic() + within
        while time.monotonic() < give_up:
            watch = app.get(f"/watches/{watch_id}").json()
            if watch["state"] == "ended":
                return watch
            time.sleep(0.2)
        raise AssertionError(f"still watching after {within} s: {watch}")

    return wait
