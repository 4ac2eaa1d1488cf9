"""`python -m local.simulator`: the simulated platform as a program."""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta
from typing import Any

import click
from aiohttp import web

from local import simulator as package
from local.parts.stdin import at_end_of_stdin
from local.simulator.app import create_app

HOST = "127.0.0.1"
LAST_ANSWERS_WITHIN = timedelta(seconds=0.1)

#: The docstring of the package.  The mark keeps click from reflowing the indented table.
HELP = (package.__doc__ or "").replace("\n\n    ", "\n\n\b\n    ")
SECONDS = click.FloatRange(min=0, min_open=True)


@click.command(help=HELP)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="Port to listen on.  Default: any free port.",
)
@click.option("--client-id", default="service-local", show_default=True)
@click.option("--client-secret", default="local-secret", show_default=True)
@click.option("--token-lifetime", type=SECONDS, default=3600, show_default=True, metavar="SECONDS")
@click.option("--job-duration", type=SECONDS, default=20, show_default=True, metavar="SECONDS")
@click.option(
    "--requests-per-minute",
    type=click.IntRange(min=0),
    metavar="N",
    help="Rate limit over all APIs; beyond it they return 429.  Default: no limit.",
)
def simulator(port: int, token_lifetime: float, job_duration: float, **settings: Any) -> None:
    """Run the simulator; `HELP` is its help text."""
    app = create_app(
        token_lifetime=timedelta(seconds=token_lifetime), job_duration=timedelta(seconds=job_duration), **settings
    )
    asyncio.run(_serve(app, port))


async def _serve(app: web.Application, port: int) -> None:
    """Serve until SIGTERM, SIGINT or the end of the parent process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, ask_to_stop)
    at_end_of_stdin(ask_to_stop)

    runner = web.AppRunner(app, access_log=None, shutdown_timeout=LAST_ANSWERS_WITHIN.total_seconds())
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        print(f"listening http://{HOST}:{runner.addresses[0][1]}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    simulator()
