"""Child processes that are ready when used and gone when done."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from local.bootstrap import ROOT

READY_WITHIN = timedelta(seconds=60)
STOPPED_WITHIN = timedelta(seconds=10)


class DidNotStartError(Exception):
    """A child ended, or did not listen in time; the message ends with the last lines of its log."""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], *, port: int, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` until the block ends; the block begins once `port` answers.

    The child has a session of its own, so that a Ctrl-C in the terminal reaches us alone and children are stopped in
    order, and a stdin that closes when we die, however we die.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(child, port, log)
        yield child
    finally:
        stop(child)


def stop(child: subprocess.Popen[bytes]) -> None:
    """Ask the child to end, and insist if it does not."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOPPED_WITHIN.total_seconds())
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    if child.stdin:
        child.stdin.close()


def _wait_for(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + READY_WITHIN.total_seconds()
    while time.monotonic() < give_up:
        if child.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    last_lines = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise DidNotStartError(f"{Path(str(child.args[0])).name} did not start:\n{last_lines}")  # type: ignore[index]
