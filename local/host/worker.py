"""The worker process, from its arguments, which are the host's, to its exit code.

It runs the listeners and the functions, and dies with its host.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from local.host.backends import BACKENDS, preferred
from local.host.functions import CannotStartError
from local.host.leaving import Exit, leave
from local.host.server import Options, serve
from local.parts.stdin import at_end_of_stdin

#: Time for invocations to end after the worker was told to stop.  The real host gives its worker 10 s at most;
#: `local.parts.processes.Service.stop` gives ours 10 s in all.
_PATIENCE = timedelta(seconds=5)

#: Other users of the machine can read a command line.
_KEY_SETTING = "LOCAL_HOST_KEY"

_log = logging.getLogger(__name__)


def main() -> None:
    """Run until told to stop, or until the host has ended."""
    _die_with_the_host()
    arguments = _arguments()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("azure").setLevel(logging.WARNING)  # it logs every request, and so every poll
    asyncio.run(_run(arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.host", description="An embedded Azure Functions host.")
    parser.add_argument("--app", type=Path, required=True, help="directory of function_app.py and host.json")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument(
        "--key", default=os.environ.pop(_KEY_SETTING, ""), help=f"key that functions require; default: {_KEY_SETTING}"
    )
    parser.add_argument("--lease", type=int, default=600, help="lease of a message, in seconds; default: %(default)s")
    parser.add_argument("--again", action="store_true", help=argparse.SUPPRESS)  # not the first: the address is known
    parser.add_argument("--backend", choices=sorted(BACKENDS), default=preferred(), help="default: %(default)s")
    arguments = parser.parse_args()
    if not arguments.key:
        parser.error(f"give a key that is not empty, with --key or {_KEY_SETTING}")
    if arguments.lease < 1:
        parser.error("--lease must be 1 or more")
    return arguments


async def _run(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    _set_when_told(stop)
    options = Options(arguments.app.resolve(), arguments.port, arguments.key, timedelta(seconds=arguments.lease))
    try:
        listening = _say_nothing if arguments.again else _say_listening
        serving = asyncio.create_task(serve(options, BACKENDS[arguments.backend](), stop, listening))
        await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait({serving}, timeout=_PATIENCE.total_seconds())
        if not done:
            _log.warning("invocations still run and are abandoned; their messages come back when their leases end")
        for ended in done:
            ended.result()
    except CannotStartError as error:
        print(f"cannot start: {error}", file=sys.stderr)
        leave(Exit.CANNOT_START)
    except Exception:  # noqa: BLE001 -- not to end with the interpreter's own exit code, which is that of one that cannot start
        _log.exception("the worker crashed")
        leave(Exit.CRASHED)
    leave(Exit.ASKED)


def _say_listening(address: str) -> None:
    print(f"listening {address}", flush=True)


def _say_nothing(_: str) -> None:
    pass


def _set_when_told(stop: asyncio.Event) -> None:
    """Set `stop` at SIGTERM and at SIGINT."""
    loop = asyncio.get_running_loop()

    def told(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)


def _die_with_the_host() -> None:
    """Exit at once when the parent process has ended: a killed host takes its worker with it."""
    at_end_of_stdin(lambda: os._exit(Exit.ORPHANED))


if __name__ == "__main__":
    main()
