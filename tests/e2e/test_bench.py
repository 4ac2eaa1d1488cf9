"""A smoke run of each benchmark: that it measures, not what."""

import json
import subprocess
import sys

import pytest

from local.bench.command import NAMES as ALL
from local.setup.bootstrap import ROOT

pytestmark = pytest.mark.thorough

NAMES = [name for name in ALL if name != "beside"]  # see test_bench_beside.py
SIZES = {"--watches": 10, "--polls": 2, "--turns": 20, "--late-watches": 20, "--late-seconds": 1, "--asleep": 20}
BRIEF = {"--asleep-seconds": 3, "--runs": 1, "--batch": 4, "--polling": 4, "--latency": 0.1, "--polling-seconds": 1}
BRIEF |= {"--planned-watches": 6, "--planned-seconds": 2, "--job-seconds": 3, "--told-watches": 4}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    picture = tmp_path_factory.mktemp("bench") / "lateness.png"
    options = [str(word) for pair in {**SIZES, **BRIEF, "--picture": picture}.items() for word in pair]
    command = [sys.executable, "-m", "local", "bench", "--json", *options, *NAMES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    return json.loads(done.stdout)


def median(found, name, what):
    return found[name][what]["median"]


def test_all_of_them_measure_something(found):
    assert list(found) == NAMES
    assert median(found, "turns", "turns") > 0
    assert all(median(found, "start", way) > 0 for way in ("one after the other", "8 at once", "4 with each request"))
    assert median(found, "cold", "import of function_app") > 0


def test_a_turn_makes_three_requests_to_storage(found):
    assert median(found, "floor", "storage requests of a turn") == 3
    assert median(found, "floor", "turn / floor") > 0


def test_the_parts_of_a_turn_are_those_of_the_host(found):
    ports = {"platform GET", "row load", "commit", "ticket", "row of results", "index", "message taken, deleted"}
    parts = {name.strip(): spread["median"] for name, spread in found["turns"].items() if name.startswith("  ")}
    whole = median(found, "turns", "processor of 1,000 turns, host and app")

    assert parts.keys() == ports | {"everything else"}
    assert all(0 < part < whole for part in parts.values())


def test_requests_are_counted_where_they_arrive(found):
    """Of two turns each, one goes on and one ends: 4 and 6, 10 in all, of which entries of a list may share one."""
    assert 4.5 <= median(found, "turns", "storage requests of a turn, ends and deletion included") < 6
    assert median(found, "sleeping", "looks at the queues in an hour, all asleep") > 0


def test_a_plan_is_near_to_what_is_done(found):
    """As far as six watches may tell, which are never due at the same instants."""
    assert median(found, "planned", "watches") == 6
    for what in ("polls", "requests to the platform", "requests to tables", "requests to queues, without looks"):
        assert 0.5 <= median(found, "planned", f"{what}: real / planned") <= 2
    assert median(found, "planned", "  polls, real") >= 6


def test_an_event_ends_a_watch_before_its_next_poll_would(found):
    """Jobs of a few seconds: without an event the next poll comes after 15 s at the earliest."""
    assert median(found, "webhooks", "woken, of those with webhooks") == 1
    assert median(found, "webhooks", "end of job to end of watch, p95: with webhooks / without") < 1
    assert median(found, "webhooks", "requests to the platform: with webhooks / without") == 1


def test_turns_at_once_are_no_more_than_allowed(found):
    rates = {name: spread["median"] for name, spread in found["concurrency"].items() if name.startswith("turns")}

    assert len(rates) == 5
    assert all(rates.values())
    assert rates["turns with 1 and 0, answers in 0.1 s"] <= 11  # 10, and one that begins at the very end


def test_no_turn_comes_before_it_is_due(found):
    assert median(found, "lateness", "turns") == 20
    assert median(found, "lateness", "earliest") >= 0


def test_sleeping_watches_are_left_asleep(found):
    assert median(found, "sleeping", "tickets asleep") == 20
