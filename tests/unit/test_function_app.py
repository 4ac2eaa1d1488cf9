"""What the Functions host finds when it imports `function_app`."""

import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from local.host import hostjson
from local.host.functions import Function
from local.host.routes import Routes
from local.host.telemetry import Level, Levels
from shared.settings import MOST_QUEUES
from shared.web.operations import OPERATIONS

ROOT = Path(__file__).parents[2]

#: Functions that start, stop or wake a watch, and log it.
TELL_OF_WATCHES = {"start_watch", "stop_watch", "receive_event"}

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
        "receive_event",
        "list_watches",
        "list_gates",
        "read_watch",
        "stop_watch",
        "health",
        "poll_watch",
        "revive_watch",
        "tend_watches",
        "send_callback",
        "describe",
        "show_page",
    }


@pytest.mark.parametrize(
    ("name", "route", "methods"),
    [
        ("start_watch", "watches", ["POST"]),
        ("list_watches", "watches", ["GET", "HEAD"]),
        ("read_watch", "watches/{id}", ["GET", "HEAD"]),
        ("stop_watch", "watches/{id}", ["DELETE"]),
        ("receive_event", "events", ["POST", "OPTIONS"]),
        ("health", "health", ["GET", "HEAD"]),
        ("list_gates", "gates", ["GET", "HEAD"]),
        ("describe", "openapi.json", ["GET", "HEAD"]),
        ("show_page", "{nothing:maxlength(0)?}", ["GET", "HEAD"]),
    ],
)
def test_routes_and_methods(found, name, route, methods):
    trigger = found[name]

    assert (trigger["type"], trigger["route"], trigger["methods"]) == ("httpTrigger", route, methods)


def routed(found):
    return {name: trigger for name, trigger in found.items() if trigger["type"] == "httpTrigger"}


def test_every_route_that_holds_data_asks_for_a_function_key(found):
    """The host reads the body of a request to any other for whoever sends it, so these are few, and only answer."""
    open_to_all = {name: trigger for name, trigger in routed(found).items() if trigger["authLevel"] != "FUNCTION"}

    assert open_to_all.keys() == {"describe", "show_page"}
    assert all(trigger["methods"] == ["GET", "HEAD"] for trigger in open_to_all.values())


def test_every_route_is_described_and_nothing_else(found):
    routes = {
        (name, trigger["route"], method) for name, trigger in routed(found).items() for method in trigger["methods"]
    }

    assert routes - {("show_page", "{nothing:maxlength(0)?}", method) for method in ("GET", "HEAD")} == {
        (operation.name, operation.path, method) for operation in OPERATIONS for method in operation.methods
    }


def serving(found, method, path):
    """The functions that would take a request, each asked alone, so that no order hides one."""
    functions = [Function(name, [trigger]) for name, trigger in routed(found).items()]
    return {one.name for one in functions if Routes([one], "api").find(method, path)}


def test_exactly_one_function_matches_each_operation(found):
    """The host takes the first that matches, by the order of their names: two that match one request hide one."""
    for operation in OPERATIONS:
        for method in operation.methods:
            path = "/api/" + operation.path.replace("{id}", "5b0c9a0e-5f0e-5c50-9d5c-0d6c9f0e5a55")
            assert serving(found, method, path) == {operation.name}


def test_the_page_has_an_empty_path_to_itself(found):
    assert serving(found, "GET", "/api") == serving(found, "HEAD", "/api/") == {"show_page"}
    assert serving(found, "POST", "/api") == serving(found, "GET", "/api/x") == set()


def test_no_two_functions_could_match_one_request(found):
    """Two routes of as many segments that share a method differ in a literal; of unequal many, they cannot meet."""
    triggers = routed(found)
    for (one, first), (other, second) in combinations(triggers.items(), 2):
        segments = [trigger["route"].split("/") for trigger in (first, second)]
        assert (
            not {*first["methods"]} & {*second["methods"]}
            or len(segments[0]) != len(segments[1])
            or any(a != b and "{" not in a + b for a, b in zip(*segments, strict=True))
            or "show_page" in {one, other}  # its one segment is empty, which no other matches
        ), (one, other)


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


@pytest.fixture(scope="module")
def levels():
    return hostjson.read(ROOT, {}).logging.log_level


def test_each_function_that_logs_has_a_category_of_its_own(levels):
    """A category with a `*` never reaches Application Insights, and one of host.json's is no use without a function."""
    functions = index(TICKETS_QUEUES=str(MOST_QUEUES))
    of_functions = {name: level for name, level in levels.items() if name.startswith("Function.")}
    silent = {name for name, level in of_functions.items() if level is Level.Off}

    assert not [name for name in levels if "*" in name]
    assert silent == {"Function.poll_watch", "Function.revive_watch", "Function.send_callback"}
    assert of_functions.keys() - silent == {
        f"Function.{name}.User"
        for name, trigger in functions.items()
        if trigger["type"] == "queueTrigger" or name in TELL_OF_WATCHES
    }


def test_what_is_said_of_watches_reaches_application_insights(levels):
    sent = Levels(levels)
    for name in index(TICKETS_QUEUES=str(MOST_QUEUES)):
        informs = name.startswith("poll_watch") or name in TELL_OF_WATCHES
        assert sent.let_through(f"Function.{name}.User", Level.Information) == informs, name
        assert sent.let_through(f"Function.{name}.User", Level.Warning), name


def test_a_failure_is_told_once(found, levels):
    """By a line of our own where messages come in thousands, else by the host's one exception."""
    sent = Levels(levels)
    assert not sent.let_through("Host.Results", Level.Critical)
    for name, trigger in found.items():
        assert sent.let_through(f"Function.{name}", Level.Error) == (trigger["type"] != "queueTrigger"), name


def test_exceptions_are_sampled():
    written = json.loads((ROOT / "host.json").read_text())
    sampling = written["logging"]["applicationInsights"]["samplingSettings"]

    assert sampling["isEnabled"]
    assert sampling["excludedTypes"] == "Event"


def test_tending_begins_by_the_clock(found):
    trigger = found["tend_watches"]

    assert (trigger["type"], trigger["schedule"]) == ("timerTrigger", "0 */5 * * * *")


def test_importing_needs_no_setting_and_builds_nothing():
    """A setting that is missing must not keep the host from loading the app that says so."""
    parts = "[wiring.settings, wiring.account, wiring.poller]"
    code = f"import function_app; from shared import wiring; print([part.cache_info().misses for part in {parts}])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[0, 0, 0]"


LOADED = "import gc, json, sys, function_app; print(json.dumps([gc.isenabled(), *sys.modules]))"

#: What a turn needs of the engine; that of requests, rounds, events and callbacks is imported when it is first used.
OF_TURNS = {
    *("deliver", "effects", "gate", "mark", "one_at_a_time", "own_traffic", "poller", "ports", "swap", "tickets"),
}


def test_a_start_imports_what_a_turn_needs_and_no_more():
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    collects, *loaded = json.loads(done.stdout)

    assert collects
    assert {name for name in loaded if name.startswith("functions.")} == {
        *("functions.poll_watch", "functions.support", "functions.support.invocation", "functions.support.triggers")
    }
    assert {name.rpartition(".")[2] for name in loaded if name.startswith("shared.engine.")} == OF_TURNS
    assert not [name for name in loaded if name.startswith(("shared.web", "shared.telemetry.exporter"))]
    assert not {"azure.identity", "h11", "httpcore", "opencensus", "standardwebhooks"} & {*loaded}
    assert not {"azure.storage.queue", "requests", "urllib3"} & {*loaded}  # a turn that ends its watch sends no ticket
