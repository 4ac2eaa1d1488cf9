"""What the Functions host finds when it imports `function_app`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.operations import OPERATIONS

ROOT = Path(__file__).parents[2]

INDEX = """
import json, function_app
print(json.dumps([
    [function.get_function_name(), function.get_raw_bindings()] for function in function_app.app.get_functions()
]))
"""


def index(**settings):
    """What is found in a process of its own, with none but these settings: {name: its trigger}."""
    env = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ} | settings
    done = subprocess.run([sys.executable, "-c", INDEX], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {name: [json.loads(binding) for binding in bindings] for name, bindings in json.loads(done.stdout)}
    return {name: trigger for name, bindings in found.items() for trigger in bindings if trigger["direction"] == "IN"}


@pytest.fixture(scope="module")
def found():
    return index()


def test_every_function_has_a_trigger(found):
    assert found.keys() == {
        "start_watch",
        "list_watches",
        "read_watch",
        "stop_watch",
        "health",
        "poll_watch",
        "revive_watch",
        "tend_watches",
        "send_callback",
        "describe",
        "refuse",
    }


@pytest.mark.parametrize(
    ("name", "route", "methods"),
    [
        ("start_watch", "watches", ["POST"]),
        ("list_watches", "watches", ["GET"]),
        ("read_watch", "watches/{id}", ["GET"]),
        ("stop_watch", "watches/{id}", ["DELETE"]),
        ("health", "health", ["GET"]),
    ],
)
def test_routes_and_methods(found, name, route, methods):
    trigger = found[name]

    assert (trigger["type"], trigger["route"], trigger["methods"]) == ("httpTrigger", route, methods)


def test_every_route_that_holds_data_asks_for_a_function_key(found):
    routes = {name: trigger for name, trigger in found.items() if trigger["type"] == "httpTrigger"}
    without = {name for name, trigger in routes.items() if trigger["authLevel"] != "FUNCTION"}

    assert without == {"describe", "refuse"}


def test_every_route_is_described_and_nothing_else(found):
    routes = {
        (name, trigger["route"], *trigger["methods"]) for name, trigger in found.items() if trigger.get("methods")
    }

    assert routes == {(operation.name, operation.path, operation.method) for operation in OPERATIONS}
    assert found["refuse"]["route"] == "{*path}"


@pytest.mark.parametrize(
    ("name", "queue"),
    [
        ("poll_watch", "%TICKETS_QUEUE%"),
        ("revive_watch", "%TICKETS_QUEUE%-poison"),
        ("send_callback", "%TICKETS_QUEUE%-callbacks"),
    ],
)
def test_tickets_come_from_the_queues_of_the_settings(found, name, queue):
    trigger = found[name]

    assert (trigger["type"], trigger["queueName"], trigger["connection"]) == (
        "queueTrigger",
        queue,
        "AzureWebJobsStorage",
    )


def test_further_queues_have_triggers_of_their_own(found):
    several = index(TICKETS_QUEUES="3")

    assert {name: several[name]["queueName"] for name in several.keys() - found.keys()} == {
        "poll_watch_1": "%TICKETS_QUEUE%-1",
        "poll_watch_2": "%TICKETS_QUEUE%-2",
        "revive_watch_1": "%TICKETS_QUEUE%-1-poison",
        "revive_watch_2": "%TICKETS_QUEUE%-2-poison",
    }
    assert {several[name]["connection"] for name in several.keys() - found.keys()} == {"AzureWebJobsStorage"}
    assert {name: several[name] for name in found} == found


def test_an_unusable_number_of_queues_does_not_keep_the_app_from_loading(found):
    assert index(TICKETS_QUEUES="many") == found


def test_tending_begins_by_the_clock(found):
    trigger = found["tend_watches"]

    assert (trigger["type"], trigger["schedule"]) == ("timerTrigger", "0 */5 * * * *")


def test_importing_needs_no_setting_and_builds_nothing():
    """A setting that is missing must not keep the host from loading the app that says so."""
    parts = "[wiring.settings, wiring.storage, wiring.watcher]"
    code = f"import function_app; from shared import wiring; print([part.cache_info().misses for part in {parts}])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[0, 0, 0]"
