"""The host as a process: how it starts or does not, and the ways in which it ends."""

import asyncio
import socket
import subprocess
import sys
import time
from datetime import timedelta

import httpx
import pytest

from local.host.backends import BACKENDS
from local.host.functions import CannotStartError
from local.host.server import Options, serve
from local.parts.processes import free_port
from local.setup.bootstrap import ROOT
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
def test_a_function_without_an_answer_costs_its_worker_at_function_timeout(tmp_path, backend, body):
    app = f"""
    @app.route(route="never", auth_level=func.AuthLevel.ANONYMOUS)
    async def never(req: func.HttpRequest) -> str:
        note(began=True)
        {body}
    """
    with hosting(tmp_path, app, "--backend", backend, host_json={"functionTimeout": "00:00:01"}) as host:
        worker = host.service.worker
        with pytest.raises(Exception, match="disconnected"):
            host.call("GET", "/api/never")
        worker.wait(2)
        assert 0.9 < time.time() - host.notes(began=True)[0]["at"] < 3
        served_again(host)
    assert "function never, invocation" in host.log
    assert "ran longer than functionTimeout (1 s)" in host.log
    if body.startswith("raise"):
        assert f"{body.split()[1].split('.')[-1]} escaped from function never" in host.log
        assert "function_app.py" in host.log


AT_ONCE = {"LOCAL_HOST_RESTART_INTERVAL": "0"}

DIES = (
    ANSWERS
    + """
@app.route(route="dies", auth_level=func.AuthLevel.ANONYMOUS)
async def dies(req: func.HttpRequest) -> str:
    os._exit(int(req.params["code"]))

@app.route(route="never", auth_level=func.AuthLevel.ANONYMOUS)
async def never(req: func.HttpRequest) -> str:
    await asyncio.sleep(60)
"""
)


def served_again(host):
    """Wait until there is a worker that answers; gives it."""

    def answers():
        try:
            return host.call("GET", "/").status_code == 200
        except httpx.TransportError:
            return False

    eventually(answers, within=20)
    return host.service.worker


def call_and_lose(host, path):
    with pytest.raises(httpx.TransportError):
        host.call("GET", path)


def test_a_worker_that_dies_is_followed_by_another(tmp_path, backend):
    with hosting(tmp_path, DIES, "--backend", backend, env=AT_ONCE) as host:
        first = served_again(host)
        assert first.pid != host.process.pid
        first.kill()
        first.wait(2)
        second = served_again(host)
        assert second.pid != first.pid
        call_and_lose(host, "/api/dies?code=9")
        assert served_again(host).pid not in {first.pid, second.pid}
        assert host.process.poll() is None
        host.process.terminate()
        assert ended(host, within=2) == 0
    assert host.log.count("listening ") == 1
    assert "The worker exited with code -9: another one is started" in host.log
    assert "The worker exited with code 9: another one is started" in host.log


def test_the_fourth_death_in_short_order_ends_the_host(tmp_path):
    """RpcFunctionInvocationDispatcher.cs, `StartWorkerChannel`; on the real host it was the fourth."""
    with hosting(tmp_path, DIES, env=AT_ONCE) as host:
        for _ in range(4):
            worker = served_again(host)
            worker.kill()
            worker.wait(2)
        assert ended(host, within=5) == 4
    assert "Exceeded language worker restart retry count" in host.log


def test_timeouts_end_workers_and_never_the_host(tmp_path):
    """RestartWorkerWithInvocationIdAsync adds nothing to the errors that are counted."""
    with hosting(tmp_path, DIES, host_json={"functionTimeout": "00:00:01"}, env=AT_ONCE) as host:
        for _ in range(4):
            served_again(host)
            call_and_lose(host, "/api/never")
        served_again(host)
    assert "Exceeded" not in host.log


def test_a_restart_is_not_soon_after_the_one_before(tmp_path):
    """ProcessRestartInterval of WorkerProcessCountOptions.cs, which is 10 s."""
    with hosting(tmp_path, DIES, env={"LOCAL_HOST_RESTART_INTERVAL": "3"}) as host:
        served_again(host).kill()  # for the first time, another starts at once
        eventually(lambda: "another one is started" in host.log)
        restarted = time.monotonic()
        served_again(host).kill()
        eventually(lambda: host.log.count("another one is started") == 2)
        served_again(host)
        assert time.monotonic() - restarted > 2.9


def test_a_worker_that_ends_well_unasked_is_not_followed(tmp_path):
    """OnProcessExited of WorkerProcess.cs: with exit code 0 nothing happens."""
    with hosting(tmp_path, DIES, env=AT_ONCE) as host:
        call_and_lose(host, "/api/dies?code=0")
        eventually(lambda: "nothing starts another" in host.log)
        call_and_lose(host, "/api/answers")
        host.process.terminate()
        assert ended(host, within=2) == 0


@pytest.mark.parametrize("whole_group", [True, False])
def test_a_killed_host_takes_its_worker_with_it(tmp_path, whole_group):
    with hosting(tmp_path, DIES) as host:
        worker = served_again(host)
        if whole_group:
            host.service.kill()
        else:
            host.process.kill()
        worker.wait(2)
        call_and_lose(host, "/api/answers")
        host.service.kill()  # what is left of it, which is nothing
        host.service.start()  # its port is free
        served_again(host)


def test_a_host_adds_little_to_the_start():
    """It imports next to nothing: what is heavy is its worker's."""
    heavy = ["asyncio", "logging", "dataclasses", "argparse", "azure", "aiohttp", "pydantic", "psutil"]
    code = f"import sys, local.host.__main__; print(sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


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
    assert "another one is started" not in process.stderr


def test_wrong_arguments_are_named_and_fail(tmp_path):
    process = subprocess.run(
        command(tmp_path, 1, "--lease", "0"), capture_output=True, text=True, timeout=20, check=False
    )
    assert process.returncode == 2
    assert "--lease must be 1 or more" in process.stderr


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
    assert "function ticks: the schedule '0 60 * * * *' cannot be read: Bad minute" in refusal(timer)


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
