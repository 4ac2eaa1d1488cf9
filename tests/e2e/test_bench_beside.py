"""A smoke run of the app beside the others: that all do the same work, and what a kill leaves of it."""

import json
import subprocess
import sys

import pytest

from local.bench.beside.measure import KILLED, PROGRAMS
from local.setup.bootstrap import ROOT

pytestmark = pytest.mark.thorough  # it makes environments for the others

OPTIONS = ("--watches", "10", "--polls", "3", "--asleep", "20", "--asleep-seconds", "2", "--runs", "1")
SYSTEMS = ["this app", *PROGRAMS]


@pytest.fixture(scope="module")
def found():
    command = [sys.executable, "-m", "local", "bench", "--json", *OPTIONS, "beside"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["beside"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_is_measured(found, system):
    assert found[f"{system}: turns, starts included"]["median"] > 0
    assert found[f"{system}: processor of 1,000"]["median"] > 0
    assert found[f"{system}: processor of an hour, all asleep"]["median"] >= 0
    assert found[f"{system}: memory, all asleep"]["median"] > 0


def test_what_is_kept_outside_the_process_survives_its_kill(found):
    left = {system: found[f"{system}: saw the end after a kill, of {KILLED}"]["median"] for system in SYSTEMS}

    survives = {"this app": KILLED, "a loop": 0, "Durable Task": 0, "DBOS": KILLED}
    assert left == {system: survives[system] for system in SYSTEMS}
