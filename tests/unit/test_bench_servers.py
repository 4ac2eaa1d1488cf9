"""The servers beside the programs of `bench beside`: where they are found, and how they are metered."""

import os
import subprocess
import sys

import psutil
import pytest

from local.bench.beside import measure, servers
from local.bench.beside.measure import Alternative
from local.bench.beside.servers import CannotRunError
from local.bench.beside.taken import of_all
from local.setup import bootstrap

#: Starts a process that computes for a while and ends, then one that stays; says so, and waits.
PARENT = """
import subprocess, sys
burn = "import time; end = time.process_time() + 0.5\\nwhile time.process_time() < end: pass"
subprocess.run([sys.executable, "-c", burn])
with subprocess.Popen([sys.executable, "-c", "held = bytearray(b'x') * 50_000_000; print('held'); input()"]):
    pass
"""


def installed(folder):
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).touch(mode=0o755)
    return folder


def test_a_server_is_metered_with_all_its_processes_even_those_that_have_ended():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdout.readline().strip() == b"held"
        seconds, memory = of_all(psutil.Process(parent.pid))
        parent.communicate(b"\n")

    assert seconds >= 0.5
    assert memory >= 50


@pytest.mark.skipif(os.name == "nt", reason="as on POSIX systems only")
def test_postgres_is_that_of_the_path_or_debians_newest(tmp_path, monkeypatch):
    monkeypatch.setattr(servers, "DEBIANS", tmp_path / "debian")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    with pytest.raises(CannotRunError, match="apt install postgresql"):
        servers.postgres_programs()

    for version in ("9.6", "15", "17"):
        newest = installed(tmp_path / "debian" / version / "bin")
    assert servers.postgres_programs() == newest

    on_path = installed(tmp_path / "path")
    assert servers.postgres_programs() == on_path


def test_what_cannot_run_here_is_left_out_and_named(monkeypatch, capsys):
    def needs_what_is_missing():
        raise CannotRunError("there is no such thing here")

    some = {"good": Alternative("loop"), "bad": Alternative("loop", needs_what_is_missing)}
    monkeypatch.setattr(measure, "ALTERNATIVES", some)

    assert [*measure.runnable()] == ["good"]
    assert capsys.readouterr().err == "bad is skipped: there is no such thing here.\n"


def test_restate_without_node_is_a_reason_to_skip_it(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "STATE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(CannotRunError, match="no Node"):
        servers.restate_program.__wrapped__()


def test_restate_that_npm_could_not_install_is_a_reason_to_skip_it(tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in {"node": "echo v20.0.0", "npm": "echo no registry; exit 1"}.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setattr(bootstrap, "STATE", tmp_path)
    monkeypatch.setenv("PATH", str(programs))

    with pytest.raises(CannotRunError, match="npm could not install it: no registry"):
        servers.restate_program.__wrapped__()
