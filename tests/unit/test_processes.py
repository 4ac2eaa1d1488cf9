"""A port that was found stays ours, for a service that is stopped for a while; and what is killed with a service."""

import signal
import socket
import sys
import time

import psutil
import pytest

from local.parts.processes import Service, free_port


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a port be kept for another process")
def test_a_port_is_kept_from_others_and_not_from_the_service():
    port = free_port()

    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    for _ in range(2):
        with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            pass


def test_nobody_listens_on_it():
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port()))


#: Has a child that does its work, and says so by listening.
PARENT = """
import socket, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    time.sleep(60)
"""


@pytest.fixture
def service(tmp_path):
    port = free_port()
    with Service([sys.executable, "-c", PARENT, str(port)], port, tmp_path / "log").running() as running:
        yield running
        running.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="a group can be killed on POSIX")
def test_what_is_killed_takes_with_it_what_it_started(service):
    worker = service.worker
    assert worker.pid != service.process.pid

    service.kill()

    worker.wait(2)
    assert service.process.returncode == -signal.SIGKILL
    assert not service.kill_worker()


def test_the_worker_can_be_killed_alone(service):
    worker = service.worker

    assert service.kill_worker()

    eventually_gone(worker)
    assert service.process.poll() is None


def eventually_gone(process):
    """Its parent does not wait for it: it may stay as a zombie."""
    give_up = time.monotonic() + 5
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_what_has_started_nothing_does_its_work_itself(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with Service(command, port, tmp_path / "log").running() as service:
        assert service.worker.pid == service.process.pid
        assert not service.kill_worker()
        assert service.process.poll() is None
