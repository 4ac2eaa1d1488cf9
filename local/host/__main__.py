"""``python -m local.host --app DIR --port N --key KEY``: the host process, which keeps a worker alive.

The worker is a separate process (`local.host.worker`), because a function can kill its process.  If it dies, the host
starts another, and gives up after too many deaths: RpcFunctionInvocationDispatcher.cs of Azure/azure-functions-host
4.1037.  There the host owns the listeners and HTTP; here the worker does, so without a worker nothing listens.

Imports only cheap modules, since the start of this process delays the host.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import NoReturn

from local.host.leaving import Exit
from local.parts.stdin import at_end_of_stdin

#: Deaths in quick succession after which the host exits.  Its source allows three (`ErrorEventsThreshold`) per worker
#: process; the host was observed to survive until the fourth.
_DEATHS = 4

#: Seconds between two deaths that reset the count: WorkerConstants.cs, WorkerRestartErrorIntervalThresholdInMinutes.
_FORGOTTEN_AFTER = 30 * 60.0

#: Seconds from one restart to the next: WorkerProcessCountOptions.cs, ProcessRestartInterval.
_BETWEEN_RESTARTS = 10.0

#: Seconds that a worker has to shut down; it takes at most 5 by itself.
#: `local.parts.processes.Service.stop` gives the host 10 in all.
_PATIENCE = 8.0

#: Overrides the interval between restarts, in seconds, where time is scaled (`local.trials.chaos`, tests).
_INTERVAL_SETTING = "LOCAL_HOST_RESTART_INTERVAL"


class _Host:
    """Starts workers, one after the other."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._worker: subprocess.Popen[bytes] | None = None
        self._asked_to_end = threading.Event()
        self._deaths: list[float] = []
        self._restarted = float("-inf")
        self._interval = float(os.environ.get(_INTERVAL_SETTING, _BETWEEN_RESTARTS))

    def end(self, *_: object) -> None:
        """Shut down the worker gracefully, and exit with it."""
        self._asked_to_end.set()
        worker = self._worker
        if worker and worker.poll() is None:
            worker.terminate()
            killer = threading.Timer(_PATIENCE, worker.kill)  # WorkerProcess.cs, `Process.Kill`
            killer.daemon = True
            killer.start()

    def run(self) -> int:
        """Keep a worker alive; returns the exit code."""
        again: list[str] = []
        while not self._asked_to_end.is_set():
            code = self._run_worker(again)
            again = ["--again"]
            if self._asked_to_end.is_set():
                break
            if code in {Exit.CANNOT_START, Exit.WRONG_ARGUMENTS}:
                return code
            if code == Exit.ASKED:
                # Stopped from outside.  The real host then stays without a worker: WorkerProcess.cs, OnProcessExited.
                _say("The worker has ended well, unasked: nothing starts another")
                self._asked_to_end.wait()
            elif not self._may_restart(code):
                _say(
                    "Exceeded language worker restart retry count for runtime:python."
                    " Shutting down and proactively recycling the Functions Host to recover"
                )
                return Exit.WORKERS_DIED
        return Exit.ASKED

    def _run_worker(self, again: list[str]) -> int:
        with subprocess.Popen([*self._command, *again], stdin=subprocess.PIPE) as self._worker:
            if self._asked_to_end.is_set():  # a moment ago
                self._worker.terminate()
            return self._worker.wait()

    def _may_restart(self, code: int) -> bool:
        """Count the death, and wait until the next worker may start."""
        now = time.monotonic()
        if code != Exit.TIMED_OUT:  # the host's own doing: RestartWorkerWithInvocationIdAsync counts nothing
            if self._deaths and now - self._deaths[-1] > _FORGOTTEN_AFTER:
                self._deaths.clear()
            self._deaths.append(now)
        if len(self._deaths) >= _DEATHS:
            return False
        _say(f"The worker exited with code {code}: another one is started")
        self._asked_to_end.wait(max(0.0, self._restarted + self._interval - now))
        self._restarted = time.monotonic()
        return True


def main() -> NoReturn:
    """Run until told to stop, or until workers die too often."""
    flags = sys.orig_argv[1 : sys.orig_argv.index("-m")]
    host = _Host([sys.executable, *flags, "-m", "local.host.worker", *sys.argv[1:]])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, host.end)
    at_end_of_stdin(host.end)
    code = host.run()
    sys.stderr.flush()
    os._exit(code)  # a thread that waits for stdin would hold up the interpreter's end


def _say(what: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} ERROR local.host: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
