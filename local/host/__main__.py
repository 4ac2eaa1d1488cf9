"""``python -m local.host --app DIR --port N --key KEY``: the host as a process, from its arguments to its exit code."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from local.host.backends import BACKENDS, preferred
from local.host.functions import CannotStartError
from local.host.leaving import Exit, leave
from local.host.server import Options, serve
from local.processes import wait_until_stdin_ends

#: How long invocations may go on after the host was told to end.  The real host gives its worker 10 s at most;
#: `local.processes.Service.stop` gives this one 10 s in all.
_PATIENCE = timedelta(seconds=5)

_log = logging.getLogger(__name__)


def main() -> None:
    """Run until told to end."""
    arguments = _arguments()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("azure").setLevel(logging.WARNING)  # it logs every request, and so every poll
    asyncio.run(_run(arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.host", description="An embedded Azure Functions host.")
    parser.add_argument("--app", type=Path, required=True, help="the directory of function_app.py and host.json")
    parser.add_argument("--port", type=int, required=True, help="where to listen, on 127.0.0.1")
    parser.add_argument("--key", required=True, help="the key that functions ask for")
    parser.add_argument("--lease", type=int, default=600, help="seconds a message is leased for, as in Azure: 600")
    parser.add_argument("--backend", choices=sorted(BACKENDS), default=preferred(), help="default: %(default)s")
    arguments = parser.parse_args()
    if not arguments.key:
        parser.error("--key must not be empty")
    if arguments.lease < 1:
        parser.error("--lease must be 1 or more")
    return arguments


async def _run(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    _set_when_told(stop)
    options = Options(arguments.app.resolve(), arguments.port, arguments.key, timedelta(seconds=arguments.lease))
    try:
        serving = asyncio.create_task(serve(options, BACKENDS[arguments.backend](), stop, _say_listening))
        await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait({serving}, timeout=_PATIENCE.total_seconds())
        if not done:
            _log.warning("invocations still run and are abandoned; their messages come back when their leases end")
        for ended in done:
            ended.result()
    except CannotStartError as error:
        print(f"cannot start: {error}", file=sys.stderr)
        leave(Exit.CANNOT_START)
    leave(Exit.ASKED)


def _say_listening(address: str) -> None:
    print(f"listening {address}", flush=True)


def _set_when_told(stop: asyncio.Event) -> None:
    """Set `stop` at SIGTERM, at SIGINT, and when the process that started us is gone."""
    loop = asyncio.get_running_loop()

    def told(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    if sys.stdin and stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=_await_end_of_stdin, args=(told,), daemon=True).start()


def _await_end_of_stdin(told: Callable[[], None]) -> None:
    wait_until_stdin_ends()
    told()


if __name__ == "__main__":
    main()
