"""`serve` beside the simulated platform: all parts until Ctrl-C, to try things by hand."""

from __future__ import annotations

import threading
from contextlib import suppress

import click

from local.parts.stack import CLIENT_ID, CLIENT_SECRET, Stack, stack
from local.serve.serving import Serving, published
from local.setup.bootstrap import STATE
from shared.apis import APIS
from shared.core.remote import watch_id

TEXT = """
The app          {url}/api/   (open it in a browser)
Its key          {key}
The platform     {platform}   (simulated; jobs take 20 s; /_sim/requests and /_sim/events show what it received)
Storage          {storage}
Logs             {logs}

Watch a job, and wait for its end:
  python3 -m local watch start --wait '{platform}/realitydataanalysis/jobs/demo-1/progress'
Begin a job on the platform, and hand over what it answers:
  TOKEN=$(curl -s '{platform}/connect/token' -d '{form}' | cut -d '"' -f 4)
  curl -si -X POST '{platform}/export/connections/demo/runs' -H "Authorization: Bearer $TOKEN" \\
    | python3 -m local watch start --wait -
List the watches:
  python3 -m local watch list
The same over HTTP: start a watch, show it, stop it:
  curl -s -X POST '{url}/api/watches' -H 'x-functions-key: {key}' -d '{body}'
  curl -s '{url}/api/watches/{watch}' -H 'x-functions-key: {key}'
  curl -s -X DELETE '{url}/api/watches/{watch}' -H 'x-functions-key: {key}'
Show the events that were sent:
  curl -s '{platform}/_sim/events'

Ctrl-C stops everything, and forgets it.  With --platform the app watches real jobs: python3 -m local serve --help
"""


def serve(port: int | None) -> None:
    """Run all parts until interrupted."""
    click.echo("Starting Azurite, the simulated iTwin Platform and the Functions host ...")
    with suppress(KeyboardInterrupt), stack(port=port) as parts, published(STATE, _serving(parts)):
        click.echo(_text(parts))
        threading.Event().wait()


def _serving(parts: Stack) -> Serving:
    return Serving(
        url=parts.url,
        key=parts.key,
        events_url=f"{parts.url}/api/events?code={parts.key}",
        platform=parts.simulator,
        token_url=f"{parts.simulator}/connect/token",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )


def _text(parts: Stack) -> str:
    return TEXT.format(
        url=parts.url,
        key=parts.key,
        platform=parts.simulator,
        form=f"grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}",
        storage=parts.storage,
        logs=parts.directory / "host.log",
        body='{"api": "reality-analysis", "job": {"jobId": "demo-2"}}',
        watch=watch_id(APIS["reality-analysis"], {"jobId": "demo-2"}),
    )
