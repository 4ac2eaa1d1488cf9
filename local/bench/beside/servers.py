"""The servers that two of the programs keep their state in: PostgreSQL and Restate, each with data of its own."""

from __future__ import annotations

import functools
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from local.parts.processes import READY_WITHIN, DidNotStartError, Service, free_port
from local.setup.bootstrap import ROOT, npm_apart

LEASH = [sys.executable, "-m", "local.parts.leash"]

#: Where Debian has the programs of PostgreSQL, none of them on the PATH.
DEBIANS = Path("/usr/lib/postgresql")

#: The folder of PostgreSQL's data: its user must reach it, and it must be on a disk, which `/tmp` need not be.
ON_DISK = Path("/var/tmp")  # noqa: S108 -- in a folder of its own, which only that user reads

RESTATE = ROOT / "local" / "npm-beside"


class CannotRunError(Exception):
    """It cannot run on this machine.  The message says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    service: Service
    addresses: Mapping[str, str]  #: for the program, by what they are of
    ready: Callable[[], bool] = lambda: True  #: beyond listening

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.service.start()
        give_up = time.monotonic() + READY_WITHIN.total_seconds()
        while not self.ready():
            if time.monotonic() > give_up:
                raise DidNotStartError(f"not ready within {READY_WITHIN}: {self.service.log}")
            time.sleep(0.1)

    def restart_killed(self) -> None:
        """Kill it and all its processes, and start it again with the same data."""
        server = self.service.worker
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.service.process.wait()  # the leash, which reaps it: PostgreSQL refuses to start beside its own zombie
        self.service.kill()
        self.start()

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Run it during the block."""
        try:
            self.start()
            yield self
        finally:
            self.service.stop()


#: Runs a server during the block, with a new folder for its data; raises `CannotRunError`.
Serving = Callable[[Path], AbstractContextManager[Server]]


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs: that of the PATH, or Debian's newest; raises `CannotRunError`."""
    if os.name == "nt":
        raise CannotRunError("PostgreSQL is started as on POSIX systems only")
    named = shutil.which("postgres")
    folders = [Path(named).resolve().parent] if named else []
    folders += sorted(DEBIANS.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise CannotRunError("PostgreSQL is not installed (Debian: apt install postgresql)")


def needs_postgres() -> None:
    """Raise `CannotRunError` if PostgreSQL cannot run here."""
    postgres_programs()
    _as_another_user()


@contextmanager
def postgres(state: Path) -> Iterator[Server]:
    """Run a cluster of its own as PostgreSQL sets it up: commits wait for fsync.  Not as root, which it refuses."""
    programs, password, port = postgres_programs(), secrets.token_hex(20), free_port()
    directory = Path(tempfile.mkdtemp(prefix="beside-", dir=ON_DISK))
    try:
        data, secret = directory / "data", directory / "password"
        secret.write_text(password)
        before = _as_another_user(directory, secret)
        made = [str(programs / "initdb"), "--pgdata", str(data), "--username", "beside", "--pwfile", str(secret)]
        made += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale"]
        done = subprocess.run(
            [*before, *made], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            raise CannotRunError(f"initdb failed: {done.stdout[-1000:]}")
        command = [*LEASH, *before, str(programs / "postgres"), "-D", str(data), "-p", str(port)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        url = f"postgresql://beside:{password}@127.0.0.1:{port}/beside"
        answers = functools.partial(_accepts, [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)])
        with Server(Service(command, port, state / "postgres.log"), {"database": url}, answers).running() as server:
            yield server
    finally:
        shutil.rmtree(directory)


def _as_another_user(*paths: Path) -> Sequence[str]:
    """Give these to the user that PostgreSQL runs as, if we are root; returns what runs a command as that user."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return []
    import pwd  # noqa: PLC0415 -- not on Windows

    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or users.get("nobody")
    if user is None or not shutil.which("setpriv"):
        raise CannotRunError("PostgreSQL does not run as root: it needs a user postgres or nobody, and setpriv")
    for path in paths:
        os.chown(path, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _accepts(command: Sequence[str]) -> bool:
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


@functools.cache
def restate_program() -> Path:
    """Return Restate's server, which npm has as a binary for some platforms; raises `CannotRunError`."""
    try:
        packages = npm_apart("npm-beside", RESTATE)
    except RuntimeError as error:
        raise CannotRunError(str(error)) from error
    platform, machine = sys.platform, {"x86_64": "x64", "aarch64": "arm64"}.get(_machine(), _machine())
    program = packages / "@restatedev" / f"restate-server-{platform}-{machine}" / "bin" / "restate-server"
    if not program.exists() or not _accepts([str(program), "--version"]):
        raise CannotRunError(f"npm has no Restate server that runs on {platform} {machine}")
    return program


def _machine() -> str:
    return os.uname().machine if hasattr(os, "uname") else "this machine"


@contextmanager
def restate(state: Path) -> Iterator[Server]:
    """Run one node with all roles, as it sets itself up: its log waits for fsync.

    It sends no telemetry here, but may ask GitHub whether there is a newer version.
    """
    node_port, ingress, admin, worker = free_port(), free_port(), free_port(), free_port()
    command = [*LEASH, str(restate_program()), "--no-logo", "--log-filter", "warn", "--listen-mode", "tcp"]
    command += ["--node-name", "beside", "--base-dir", str(state / "restate")]
    command += ["--bind-address", f"127.0.0.1:{node_port}"]
    environment = {
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
        "RESTATE_DISABLE_TELEMETRY": "true",
    }
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in (("ingress", ingress), ("admin", admin))}
    addresses["worker"] = f"127.0.0.1:{worker}"
    health = [f"{addresses['ingress']}/restate/health", f"{addresses['admin']}/health"]
    service = Service(command, ingress, state / "restate.log", environment)
    with Server(service, addresses, lambda: all(map(_is_healthy, health))).running() as server:
        yield server


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
