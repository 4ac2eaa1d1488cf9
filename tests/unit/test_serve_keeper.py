"""Parts that end are started again, and logs are bounded."""

import os
import signal
import socket
import sys
import time

import psutil
import pytest

from local.parts.processes import DidNotStartError, Service, free_port
from local.serve import keeper as module
from local.serve.keeper import Keeper, bound

#: Listens, as its child does the work.
PARENT = """
import socket, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    time.sleep(60)
"""


@pytest.fixture
def part(tmp_path):
    port = free_port()
    with Service([sys.executable, "-c", PARENT, str(port)], port, tmp_path / "part.log").running() as running:
        yield running
        running.kill()


def test_what_is_killed_runs_again(part):
    said: list[str] = []
    killed = part.process
    child = part.worker
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()

    Keeper([part], said.append).look()

    assert part.process.pid != killed.pid
    assert part.listens()
    assert said == ["part ended with code -9: starting it again"]
    give_up = time.monotonic() + 5  # what it had started is killed too: it might hold the port
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_what_runs_is_left_alone(part):
    running = part.process

    Keeper([part], pytest.fail).look()

    assert part.process is running


def test_what_hangs_is_killed(part, monkeypatch):
    hanging = part.process
    monkeypatch.setattr(Service, "listens", lambda _: False)
    monkeypatch.setattr(module, "HANGS_AFTER", -module.HANGS_AFTER)
    monkeypatch.setattr(Service, "start", lambda _: None)

    Keeper([part], lambda _: None).look()

    assert hanging.returncode == -signal.SIGKILL


def test_what_ends_again_and_again_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", module.FIRST_PAUSE * 0)
    part = Service([sys.executable, "-c", "raise SystemExit(3)"], free_port(), tmp_path / "part.log")
    with pytest.raises(DidNotStartError):
        part.start()
    said: list[str] = []

    with pytest.raises(DidNotStartError, match=r"part ends again and again: see .*log"):
        Keeper([part], said.append).look()

    assert len(said) == module.MOST_ENDS


def test_why_a_part_does_not_start_is_said(part, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", module.FIRST_PAUSE * 0)
    said: list[str] = []
    works = part.command
    part.kill()
    missing = str(tmp_path / "no such program")
    part.command = [missing]
    taken = socket.create_server(("127.0.0.1", part.port))

    def say(text):
        said.append(text)
        if len(said) == 2:
            taken.close()
        if len(said) == 3:
            part.command = works

    Keeper([part], say).look()

    assert part.listens()
    assert said[1:] == [
        f"part did not start (port {part.port} is in use by another program): starting it again",
        f"part did not start ([Errno 2] No such file or directory: {missing!r}): starting it again",
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")  # noqa: PTH110 -- of a device
def test_a_full_disk_ends_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_LOG", 10)
    log = tmp_path / "part.log"
    log.write_text("more than ten bytes")
    (tmp_path / "part.log.1").symlink_to("/dev/full")

    bound(Service([], 0, log))

    assert log.read_text() == ""
    assert not (tmp_path / "part.log.1").is_symlink()


def test_a_long_log_begins_anew_and_its_writer_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_LOG", 10)
    log = tmp_path / "part.log"
    part = Service([], 0, log)
    with log.open("a") as writer:
        print("more than ten bytes", file=writer, flush=True)
        bound(part)
        print("more", file=writer, flush=True)
        bound(part)

    assert log.read_text() == "more\n"
    assert (tmp_path / "part.log.1").read_text() == "more than ten bytes\n"
