"""A smoke run of the app beside the others: that all do the same work, and what a kill leaves of it."""

import json
import re
import subprocess
import sys

import pytest

from local.bench.beside.measure import ALTERNATIVES, KILLED
from local.setup.bootstrap import ROOT

pytestmark = pytest.mark.thorough  # it makes environments for the others

OPTIONS = ("--watches", "10", "--polls", "3", "--asleep", "20", "--asleep-seconds", "2", "--runs", "1")
SYSTEMS = ["this app", *ALTERNATIVES]
WITH_SERVER = ["this app", "DBOS on PostgreSQL", "Restate"]
KEEPS_NOTHING = ["a loop", "Durable Task"]


@pytest.fixture(scope="module")
def run():
    command = [sys.executable, "-m", "local", "bench", "--json", *OPTIONS, "beside"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def found(run, system):
    """Return the figures of a system.  One that cannot run here has none, and the run says why."""
    rows = json.loads(run.stdout)["beside"]
    of_it = {what.removeprefix(f"{system}: "): row["median"] for what, row in rows.items() if what.startswith(system)}
    why = re.search(rf"^{system} is skipped: .+$", run.stderr, re.MULTILINE)
    if why and not of_it:
        pytest.skip(why[0])
    return of_it


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_is_measured(found):
    assert found["turns, starts included"] > 0
    assert found["processor of 1,000"] > 0
    assert found["processor of an hour, all asleep"] >= 0
    assert found["memory, all asleep"] > 0


@pytest.mark.parametrize("system", SYSTEMS)
def test_none_asks_early(found):
    """A response takes a moment, so that a wait which begins with it seems longer."""
    assert -0.1 < found["beyond the wait between polls, p50"] <= found["beyond the wait between polls, p95"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_server_beside_it_is_measured_too(found, system):
    of_server = {what.removesuffix(", its server"): row for what, row in found.items() if what.endswith(", its server")}

    if system not in WITH_SERVER:
        assert not of_server
        return
    assert of_server["processor of 1,000"] > 0
    assert of_server["processor of an hour, all asleep"] >= 0
    assert of_server["memory, all asleep"] > 20  # MB: more than what starts the server, and ends it with this process


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_kept_outside_the_process_survives_its_kill(found, system):
    assert found[f"saw the end after a kill, of {KILLED}"] == (0 if system in KEEPS_NOTHING else KILLED)


@pytest.mark.parametrize("system", [name for name, one in ALTERNATIVES.items() if one.serving])
def test_what_a_server_keeps_survives_its_kill_as_well(found):
    assert found["the same, its server killed too"] == KILLED
