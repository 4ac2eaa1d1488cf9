"""Child processes that are ready when used and gone when done."""

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
    """A child ended, or did not listen in time; the message ends with the last lines of its log."""


def free_port() -> int:
    """Find a port that is free.  On Linux nobody else is given it while this process lives, unless they ask for it.

    So a service can be stopped for a while and come back.  A socket that is bound, does not listen and allows reuse
    keeps from it only those who want any port at all (socket(7), SO_REUSEADDR); elsewhere it might keep the service.
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
    log: Path  #: what it prints, over all its lives
    env: Mapping[str, str] = field(default_factory=dict)
    _child: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Its present life, or its last."""
        assert self._child, "not started yet"  # noqa: S101 -- a mistake of the caller's
        return self._child

    def start(self) -> None:
        """Return once its port answers; raises `DidNotStartError`.

        It has a session of its own, so that a Ctrl-C in the terminal reaches us alone and children are stopped in
        order, and a stdin that closes when we die, however we die.
        """
        if self._listens():
            raise DidNotStartError(f"port {self.port} is taken by another program")
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.env},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        give_up = time.monotonic() + READY_WITHIN.total_seconds()
        while time.monotonic() < give_up and self._child.poll() is None:
            if self._listens():
                return
            time.sleep(0.05)
        last_lines = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        raise DidNotStartError(f"{Path(self.command[0]).name} did not start:\n{last_lines}")

    @contextmanager
    def running(self) -> Iterator[Service]:
        """Run it until the block ends; the block begins once it listens."""
        try:
            self.start()
            yield self
        finally:
            self.stop()

    def stop(self) -> None:
        """Ask it to end, and insist if it does not."""
        if self._child and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(STOPPED_WITHIN.total_seconds())
            except subprocess.TimeoutExpired:
                self.kill()
        self._forget()

    def kill(self) -> None:
        """End it at once, without a word, and with it what it started."""
        if self._child:
            if sys.platform == "win32":
                self._child.kill()
            elif self._child.poll() is None:
                os.killpg(self._child.pid, signal.SIGKILL)  # it leads the group, as the first of its session
            self._child.wait()
            give_up = time.monotonic() + STOPPED_WITHIN.total_seconds()
            while self._listens() and time.monotonic() < give_up:  # what it started dies a moment later
                time.sleep(0.01)
        self._forget()

    def kill_worker(self) -> bool:
        """End the process that it has started for its work, and not itself; False if there is none now."""
        import psutil  # noqa: PLC0415 -- see `worker`

        with suppress(psutil.NoSuchProcess):
            worker = self.worker
            if worker.pid != self.process.pid:
                worker.kill()
                return True
        return False

    @property
    def worker(self) -> psutil.Process:
        """What does its work: the process that it started last, or itself if it has none."""
        import psutil  # noqa: PLC0415 -- not in every environment that has services, nor needed there

        itself = psutil.Process(self.process.pid)
        return max(itself.children(), key=psutil.Process.create_time, default=itself)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _forget(self) -> None:
        if self._child and self._child.stdin:
            self._child.stdin.close()
