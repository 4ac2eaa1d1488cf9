"""The host as a process: how it starts or does not, and the ways in which it ends."""

import asyncio
import socket
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from local.host.backends import BACKENDS
from local.host.functions import CannotStartError
from local.host.server import Options, serve
from local.processes import free_port
from tests.integration.host.conftest import command, eventually, hosting, write_app

ANSWERS = """
@app.route(auth_level=func.AuthLevel.ANONYMOUS)
async def answers(req: func.HttpRequest) -> str:
    return "yes"
"""


def ended(host, within):
    """Its exit code."""
    return host.process.wait(within)


def test_sigterm_ends_it_at_once(tmp_path, backend):
    with hosting(tmp_path, ANSWERS, "--backend", backend) as host:
        host.process.terminate()
        assert ended(host, within=2) == 0


def test_the_end_of_its_parent_ends_it(tmp_path, backend):
    with hosting(tmp_path, ANSWERS, "--backend", backend) as host:
        assert host.process.stdin
        host.process.stdin.close()
        assert ended(host, within=2) == 0


def test_it_runs_on_when_stdin_is_no_pipe(tmp_path):
    app, port = write_app(tmp_path, ANSWERS), free_port()
    with subprocess.Popen(command(app, port), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == f"listening http://127.0.0.1:{port}\n".encode()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.terminate()
    assert process.returncode == 0


def test_what_was_begun_is_finished_first(tmp_path, azurite, queue, backend):
    app = """
    @app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="Storage")
    async def work(message: func.QueueMessage) -> None:
        note(began=True)
        await asyncio.sleep(1)
        note(ended=True)
    """
    busy = queue(f"{backend}-stopping")
    busy.send_message("eA==")
    settings = {"AzureWebJobsStorage": azurite, "QUEUE": busy.queue_name}
    one_at_a_time = {"extensions": {"queues": {"batchSize": 1, "newBatchThreshold": 0}}}
    with hosting(tmp_path, app, "--backend", backend, host_json=one_at_a_time, env=settings) as host:
        eventually(lambda: host.notes(began=True))
        busy.send_message("eA==")
        host.process.terminate()
        assert ended(host, within=4) == 0
    assert len(host.notes(ended=True)) == 1
    assert busy.get_queue_properties().approximate_message_count == 1  # the first is deleted, the second not begun


@pytest.mark.parametrize("body", ["await asyncio.sleep(60)", "raise asyncio.CancelledError", "raise SystemExit"])
def test_a_function_without_an_answer_ends_it_at_function_timeout(tmp_path, backend, body):
    app = f"""
    @app.route(route="never", auth_level=func.AuthLevel.ANONYMOUS)
    async def never(req: func.HttpRequest) -> str:
        note(began=True)
        {body}
    """
    with hosting(tmp_path, app, "--backend", backend, host_json={"functionTimeout": "00:00:01"}) as host:
        with pytest.raises(Exception, match="disconnected"):
            host.call("GET", "/api/never")
        assert ended(host, within=2) == 3
    assert 0.9 < time.time() - host.notes(began=True)[0]["at"] < 3
    assert "function never, invocation" in host.log
    assert "ran longer than functionTimeout (1 s)" in host.log
    if body.startswith("raise"):
        assert f"{body.split()[1].split('.')[-1]} escaped from function never" in host.log
        assert "function_app.py" in host.log


@pytest.fixture
def refusal(tmp_path, monkeypatch, backend):
    """Tries to start an app in this process, and gives what it says instead."""

    at_once = asyncio.Event()
    at_once.set()  # should it start after all, it ends
    monkeypatch.delitem(sys.modules, "function_app", raising=False)  # another test's, given back at the end

    def refusal(source, host_json=None, port=0):
        app = write_app(tmp_path, source, host_json)
        monkeypatch.setattr(sys, "path", sys.path[:])
        sys.modules.pop("function_app", None)
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        options = Options(app, port, "key", timedelta(minutes=10))
        with pytest.raises(CannotStartError) as refused:
            asyncio.run(serve(options, BACKENDS[backend](), at_once, print))
        return str(refused.value)

    yield refusal
    sys.modules.pop("function_app", None)


QUEUE = """
@app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="Storage")
def work(message: func.QueueMessage) -> None: ...
"""


def test_one_that_cannot_start_says_why_and_fails(tmp_path):
    app = write_app(tmp_path, "import nonsense")
    process = subprocess.run(command(app, free_port()), capture_output=True, text=True, timeout=20, check=False)
    assert process.returncode == 1
    assert process.stdout == ""
    assert "cannot start: function_app.py cannot be indexed" in process.stderr
    assert "No module named 'nonsense'" in process.stderr


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import nonsense_that_is_nowhere", "nonsense_that_is_nowhere"),
        ("app = None", "Could not find top level function app instances"),
        ("other = func.FunctionApp()", "More than one"),
        ("@app.route()\ndef f(request): ...", "cannot load the f function"),
        ("@app.route()\ndef f(req, more): ...", "cannot load the f function"),
        ("@app.route()\ndef f(req: func.QueueMessage): ...", "cannot load the f function|type of req binding"),
        ("@app.route()\ndef f(req): ...\n" * 2, "unique"),
        ("def f(): ...\napp.function_name('f')(f)", "f does not have a trigger"),
    ],
)
def test_an_app_that_cannot_be_indexed_is_refused(refusal, source, says):
    said = refusal(source)
    assert "function_app.py cannot be indexed" in said
    assert any(part in said for part in says.split("|"))


@pytest.mark.parametrize(
    ("decorator", "binding"),
    [
        ('@app.blob_trigger(arg_name="x", path="p", connection="S")', "blobTrigger"),
        (
            '@app.queue_output(arg_name="out", queue_name="q", connection="S")\n@app.route(trigger_arg_name="x")',
            "queue",
        ),
    ],
)
def test_a_binding_that_is_not_supported_is_refused(refusal, decorator, binding):
    parameters = "x: func.HttpRequest, out: func.Out[str]" if "out" in decorator else "x: func.InputStream"
    said = refusal(f"{decorator}\ndef ticks({parameters}): ...")
    assert f"function ticks: this host does not support bindings of type {binding}" in said


def test_missing_settings_are_named(refusal, monkeypatch):
    assert "function work: the setting QUEUE in '%QUEUE%' has no value" in refusal(QUEUE)
    monkeypatch.setenv("QUEUE", "q")
    assert "function work: the setting Storage has no connection string" in refusal(QUEUE)


def test_a_schedule_that_cannot_be_read_is_named(refusal, monkeypatch):
    timer = """
    @app.timer_trigger(arg_name="timer", schedule="%WHEN%")
    def ticks(timer: func.TimerRequest) -> None: ...
    """
    assert "function ticks: the setting WHEN in '%WHEN%' has no value" in refusal(timer)
    monkeypatch.setenv("WHEN", "0 60 * * * *")
    assert "function ticks: the schedule '0 60 * * * *' is neither" in refusal(timer)


def test_a_wrong_connection_string_is_not_shown(refusal, monkeypatch):
    monkeypatch.setenv("QUEUE", "q")
    monkeypatch.setenv("Storage", "AccountName=a;SharedSecret")
    said = refusal(QUEUE)
    assert said.startswith("function work: ")
    assert "SharedSecret" not in said


def test_a_mistake_in_host_json_is_named(refusal):
    assert "extensions.queues.batchSize" in refusal(QUEUE, {"extensions": {"queues": {"batchSize": 33}}})


def test_a_directory_without_an_app_is_refused(tmp_path):
    options = Options(tmp_path, 0, "key", timedelta(minutes=10))
    with pytest.raises(CannotStartError, match=r"no function_app\.py"):
        asyncio.run(serve(options, BACKENDS["sdk"](), asyncio.Event(), print))


def test_a_port_in_use_is_named(refusal):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal(ANSWERS, port=port)
    assert said.startswith(f"cannot listen on port {port}: ")
    assert said.endswith("address already in use")
