"""A smoke run of each benchmark: that it measures, not what."""

import json
import subprocess
import sys

import pytest

from local.bootstrap import ROOT

SIZES = {"--watches": 10, "--polls": 2, "--turns": 20, "--late-watches": 20, "--late-seconds": 1, "--asleep": 20}
BRIEF = {"--asleep-seconds": 0.2, "--runs": 1}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    picture = tmp_path_factory.mktemp("bench") / "lateness.png"
    options = [str(word) for pair in {**SIZES, **BRIEF, "--picture": picture}.items() for word in pair]
    command = [sys.executable, "-m", "local", "bench", "--json", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    return json.loads(done.stdout)


def median(found, name, what):
    return found[name][what]["median"]


def test_all_of_them_measure_something(found):
    assert list(found) == ["turns", "floor", "lateness", "sleeping", "start", "cold"]
    assert median(found, "turns", "turns") > 0
    assert median(found, "start", "one after the other") > 0
    assert median(found, "cold", "import of function_app") > 0


def test_a_turn_makes_three_requests_to_storage_and_does_more_than_its_floor(found):
    assert median(found, "floor", "storage requests of a turn") == 3
    assert median(found, "floor", "a turn") > median(found, "floor", "  of a turn: everything else") > 0


def test_no_turn_comes_before_it_is_due(found):
    assert median(found, "lateness", "turns") == 20
    assert median(found, "lateness", "earliest") >= 0


def test_sleeping_watches_are_left_asleep(found):
    assert median(found, "sleeping", "tickets asleep") == 20
