"""What is deployed runs alone: packed as `func` packs it, with the packages of requirements.txt and no others."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local.parts.processes import Service, free_port
from local.parts.stack import app_settings, make_storage
from local.setup import package
from local.setup.bootstrap import STATE
from shared.version import VERSION
from shared.web.requests import LARGEST_BATCH_BODY
from tests.unit.test_infra import LARGEST_REQUEST

ROOT = Path(__file__).parents[2]
KEY = "k"
WITH_KEY = {"x-functions-key": KEY}

#: What the embedded host needs and the app does not.
FOR_THE_HOST = re.findall(
    r"^(?:cronsim|azure-functions-runtime)\b[^#\n]*", (ROOT / "local/requirements/app.txt").read_text(), re.MULTILINE
)

INDEX = "import function_app; print(*sorted(one.get_function_name() for one in function_app.app.get_functions()))"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The package, a Python with its requirements, and a directory with the host: apart from each other."""
    directory = tmp_path_factory.mktemp("package")
    package.build(directory / "app")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = (directory / "app/requirements.txt").read_text() + "\n".join(FOR_THE_HOST)
    home = STATE / f"package-{version}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"  # kept: it takes long
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home / "venv")], check=True)
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(home / "venv/bin/python"),
            "install",
            "--quiet",
            "--no-compile",
        ]
        subprocess.run([*pip, "-r", str(directory / "app/requirements.txt")], check=True)
        subprocess.run([*pip, "--target", str(home / "host"), *FOR_THE_HOST], check=True)
        (home / "complete").touch()
    shutil.copytree(ROOT / "local", directory / "host/local", ignore=shutil.ignore_patterns("__pycache__"))
    return directory, home


def environment(**more):
    """Nothing of ours but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, **more}


def test_its_requirements_are_enough_to_index_it(alone):
    directory, home = alone

    done = subprocess.run(
        [home / "venv/bin/python", "-c", INDEX],
        cwd=directory / "app",
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    in_the_code = [path.stem for path in (ROOT / "functions").glob("[a-z]*.py")]
    assert done.stdout.split() == sorted(in_the_code)


@contextmanager
def running(alone, settings):
    """A client of the package, run by the embedded host; on Python 3.13 by Microsoft's worker."""
    directory, home = alone
    port = free_port()
    command = ["-P", "-m", "local.host", "--app", str(directory / "app"), "--port", str(port), "--key", KEY]
    blank = dict.fromkeys([*os.environ], "") | environment()
    env = blank | {"PYTHONPATH": f"{directory / 'host'}{os.pathsep}{home / 'host'}", **settings}
    with (
        Service([str(home / "venv/bin/python"), *command], port, directory / "host.log", env).running(),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
    ):
        yield client


def test_it_runs_and_names_what_is_missing(alone, azurite):
    with running(alone, {"AzureWebJobsStorage": azurite, "TICKETS_QUEUE": "packed"}) as client:
        answer = client.get("/api/health", headers=WITH_KEY)

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (503, "application/problem+json")
    assert "ITWIN_CLIENT_ID" in answer.text
    assert "ITWIN_CLIENT_SECRET" in answer.text


@pytest.fixture(scope="module")
def complete(alone, azurite):
    """Nothing is missing: the settings are those of the deployment, as far as one machine has them."""
    make_storage(azurite)
    with running(alone, app_settings(azurite, "http://127.0.0.1:9")) as client:
        yield client


def test_it_is_well_when_nothing_is_missing(complete):
    answer = complete.get("/api/health", headers=WITH_KEY)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": VERSION})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_that_nobody_needs_is_bounded_where_no_key_is_asked_for(complete, method):
    """The host reads bodies whole, so that without the limit a few callers without a key could take all its memory."""
    most, beyond = (complete.request(method, "/api/", content=b" " * size) for size in (LARGEST_REQUEST, 300_000))

    assert most.status_code == 200
    assert (beyond.status_code, beyond.content) == (500, b"")


def test_the_largest_legal_body_reaches_the_app(complete):
    """A longer one is refused by the app, which says how much it takes; and one beyond the limit by the host."""
    sizes = (LARGEST_BATCH_BODY, LARGEST_BATCH_BODY + 1, LARGEST_REQUEST, LARGEST_REQUEST + 1)
    bodies = (b'{"watches": []}'.ljust(size) for size in sizes)
    most, more, still, beyond = (complete.post("/api/watches", headers=WITH_KEY, content=body) for body in bodies)

    assert (most.status_code, most.json()["type"].rpartition(":")[2]) == (422, "invalid-body")
    assert (more.status_code, more.json()["detail"]) == (413, "Send at most 245,760 bytes.")
    assert still.status_code == 413
    assert (beyond.status_code, beyond.content) == (500, b"")


def test_there_is_no_welcome_page(complete):
    answer = complete.get("/")

    assert (answer.status_code, answer.content) == (204, b"")
