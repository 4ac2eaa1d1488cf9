"""``python3 -m local serve``: runs all parts until Ctrl-C, to try things by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console

from local.parts.stack import CLIENT_ID, CLIENT_SECRET, Stack, stack
from local.setup.bootstrap import STATE
from shared.apis import APIS
from shared.core.remote import watch_id

SERVING = STATE / "serving.json"

TEXT = """
The app          {url}/api/   (open it in a browser)
Its key          {key}
The platform     {simulator}   (simulated; jobs take 20 s; /_sim/requests and /_sim/events show what it received)
Storage          {storage}
Logs             {logs}

Start a watch:
  curl -s -X POST '{url}/api/watches' -H 'x-functions-key: {key}' -d '{body}'
Show it:
  curl -s '{url}/api/watches/{watch}' -H 'x-functions-key: {key}'
Stop it:
  curl -s -X DELETE '{url}/api/watches/{watch}' -H 'x-functions-key: {key}'
Start it and wait for its end:
  python3 -m local watch start --wait '{simulator}/insights/reporting/datasources/extraction/status/demo-1'
Begin a job on the platform, and hand over what it answers:
  TOKEN=$(curl -s '{simulator}/connect/token' -d '{form}' | cut -d '"' -f 4)
  curl -si -X POST '{simulator}/export/connections/demo/runs' -H "Authorization: Bearer $TOKEN" \\
    | python3 -m local watch start --wait -
Show the events that were sent:
  curl -s '{simulator}/_sim/events'

Ctrl-C stops everything.
"""


def serve(console: Console, port: int | None) -> None:
    """Run all parts until interrupted."""
    console.print("Starting Azurite, the simulated iTwin Platform and the Functions host ...")
    with stack(port=port) as parts, _connection_file(parts), suppress(KeyboardInterrupt):
        console.print(_text(parts), markup=False, highlight=False, soft_wrap=True)
        threading.Event().wait()


@contextmanager
def _connection_file(parts: Stack) -> Iterator[None]:
    """Write the URL and the key for `python3 -m local watch`, readable only by this user."""
    SERVING.touch(mode=0o600)
    SERVING.write_text(json.dumps({"url": parts.url, "key": parts.key}))
    try:
        yield
    finally:
        SERVING.unlink(missing_ok=True)


def _text(parts: Stack) -> str:
    return TEXT.format(
        url=parts.url,
        key=parts.key,
        simulator=parts.simulator,
        form=f"grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}",
        storage=parts.storage,
        logs=parts.directory / "host.log",
        body='{"api": "reporting", "job": {"jobId": "demo-1"}}',
        watch=watch_id(APIS["reporting"], {"jobId": "demo-1"}),
    )
