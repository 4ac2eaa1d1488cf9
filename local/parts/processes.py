"""Child processes that are ready before use and stopped afterwards."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.bootstrap import ROOT

if TYPE_CHECKING:
    import psutil

READY_WITHIN = timedelta(seconds=60)
STOPPED_WITHIN = timedelta(seconds=10)


class DidNotStartError(Exception):
    """A child ended, or did not listen in time.  The message includes the last lines of its log."""


def free_port() -> int:
    """Return a free port.  On Linux it stays reserved while this process lives.

    So a service can stop and restart.  A bound socket that does not listen and allows reuse blocks only requests for
    any free port (socket(7), SO_REUSEADDR); on other systems it might block the service too.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        if sys.platform == "linux":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.detach()  # stays open until this process ends
        return port


@dataclass(slots=True)
class Service:
    """A program that listens on a port, and can be started, stopped, killed and started again."""

    command: Sequence[str]
    port: int
    log: Path  #: its output, across restarts
    env: Mapping[str, str] = field(default_factory=dict)
    inherits: Sequence[int] = ()  #: open files that it gets, as POSIX numbers them
    directory: Path = ROOT  #: where it runs
    _child: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The current process, or the last one."""
        assert self._child, "not started yet"  # noqa: S101 -- a bug of the caller
        return self._child

    def start(self) -> None:
        """Start it and return when its port accepts connections; raises `DidNotStartError`.

        It has its own session, so that Ctrl-C reaches only this process, which stops its children in order.  Its stdin
        closes when this process dies, for whatever reason.
        """
        if self.listens():
            raise DidNotStartError(f"port {self.port} is in use by another program")
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env={**os.environ, **self.env},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.inherits,
            )
        give_up = time.monotonic() + READY_WITHIN.total_seconds()
        while time.monotonic() < give_up and self._child.poll() is None:
            if self.listens():
                return
            time.sleep(0.05)
        last_lines = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        raise DidNotStartError(f"{Path(self.command[0]).name} did not start:\n{last_lines}")

    @contextmanager
    def running(self) -> Iterator[Service]:
        """Run it during the block, which begins when it listens."""
        try:
            self.start()
            yield self
        finally:
            self.stop()

    def stop(self) -> None:
        """Terminate it, and kill it if it does not end."""
        if self._child and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(STOPPED_WITHIN.total_seconds())
            except subprocess.TimeoutExpired:
                self.kill()
        self._forget()

    def kill(self) -> None:
        """Kill it and its children."""
        if self._child:
            if sys.platform == "win32":
                self._child.kill()
            elif self._child.poll() is None:
                os.killpg(self._child.pid, signal.SIGKILL)  # it leads its session and process group
            self._child.wait()
            give_up = time.monotonic() + STOPPED_WITHIN.total_seconds()
            while self.listens() and time.monotonic() < give_up:  # its children die a moment later
                time.sleep(0.01)
        self._forget()

    def kill_worker(self) -> bool:
        """Kill only its worker process; returns False if there is none."""
        import psutil  # noqa: PLC0415 -- see `worker`

        with suppress(psutil.NoSuchProcess):
            worker = self.worker
            if worker.pid != self.process.pid:
                worker.kill()
                return True
        return False

    @property
    def worker(self) -> psutil.Process:
        """The worker: the last process that it started, or itself if there is none."""
        import psutil  # noqa: PLC0415 -- not installed, nor needed, in every environment

        itself = psutil.Process(self.process.pid)
        return max(itself.children(), key=psutil.Process.create_time, default=itself)

    def listens(self) -> bool:
        """Return whether its port accepts connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _forget(self) -> None:
        if self._child and self._child.stdin:
            self._child.stdin.close()
