"""Everything on one machine: Azurite, the simulated platform, and the Functions host with the app."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from local.parts.azurite import prepare as prepare_azurite
from local.parts.processes import Service, free_port
from local.setup.bootstrap import ROOT, STATE
from shared.settings import Settings, queue_count, queue_name

CLIENT_ID, CLIENT_SECRET = "service-local", "local-secret"


QUEUE, WATCHES, RESULTS, GATES = "tickets", "Watches", "Results", "Gates"
TABLES = (WATCHES, RESULTS, GATES, "OpenWatches", "Callbacks")


#: For clients of storage: it is on this machine, whatever proxies the environment names.
DIRECT: dict[str, Any] = {"use_env_settings": False}

SETTINGS = {field.alias for field in Settings.model_fields.values()}
PREFIXES = ("ITWIN_", "POLLING_", "AzureWebJobsStorage")


@dataclass(frozen=True, slots=True)
class Stack:
    """Where everything is."""

    url: str  #: of the app
    key: str  #: for the header x-functions-key
    simulator: str  #: URL of the simulated platform, and of its `/_sim`
    storage: str  #: connection string
    directory: Path  #: data and logs, deleted unless the stack fails
    azurite: Service
    host: Service

    def app(self) -> httpx.Client:
        """Return a client of the app, with the key; an error status raises."""
        return self._client(f"{self.url}/api", {"x-functions-key": self.key})

    def simulated_platform(self) -> httpx.Client:
        """Return a client of the simulated platform, without a token; an error status raises."""
        return self._client(self.simulator)

    def simulator_control(self) -> httpx.Client:
        """Return a client of the simulator's control API, `/_sim`; an error status raises."""
        return self._client(f"{self.simulator}/_sim")

    def _client(self, base_url: str, headers: Mapping[str, str] | None = None) -> httpx.Client:
        return httpx.Client(
            base_url=base_url,
            headers=headers,
            event_hooks={"response": [httpx.Response.raise_for_status]},
            timeout=30,
            trust_env=False,
        )


@contextmanager
def stack(
    settings: Mapping[str, str] | None = None,
    port: int | None = None,
    lease: timedelta | None = None,
    *,
    log_requests: bool = False,
) -> Iterator[Stack]:
    """Run all parts during the block.  After an error, other than Ctrl-C, the directory with the logs is kept.

    `log_requests` makes Azurite log each request to storage.
    """
    STATE.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="stack-", dir=STATE))
    try:
        azurite = prepare_azurite(directory / "azurite", log_requests=log_requests)
        with _parts(directory, settings or {}, port or free_port(), lease, azurite) as parts:
            yield parts
    except KeyboardInterrupt:
        shutil.rmtree(directory)
        raise
    shutil.rmtree(directory)


@contextmanager
def _parts(
    directory: Path, settings: Mapping[str, str], port: int, lease: timedelta | None, azurite: tuple[Service, str]
) -> Iterator[Stack]:
    key, simulator_port = secrets.token_hex(20), free_port()
    url, simulator = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{simulator_port}"
    simulator_command = ["-m", "local.simulator", "--port", str(simulator_port)]
    host_command = ["-m", "local.host", "--app", str(ROOT), "--port", str(port), "--key", key]
    if lease is not None:
        host_command += ["--lease", str(int(lease.total_seconds()))]
    storage_service, storage = azurite
    with (
        storage_service.running(),
        Service([sys.executable, *simulator_command], simulator_port, directory / "simulator.log").running(),
    ):
        environment = {**app_settings(storage, simulator), **settings}
        make_storage(storage, queue_count(environment))
        host = Service([sys.executable, *host_command], port, directory / "host.log", environment)
        with host.running():
            yield Stack(url, key, simulator, storage, directory, storage_service, host)


def app_settings(storage: str, simulator: str) -> dict[str, str]:
    """Return the app's settings.  Blanks those of the caller's environment."""
    blank = {name: "" for name in os.environ if name in SETTINGS or name.startswith(PREFIXES)}
    return blank | {
        "AzureWebJobsStorage": storage,
        "ITWIN_API_URL": simulator,
        "ITWIN_TOKEN_URL": f"{simulator}/connect/token",
        "ITWIN_CLIENT_ID": CLIENT_ID,
        "ITWIN_CLIENT_SECRET": CLIENT_SECRET,
        "TICKETS_QUEUE": QUEUE,
        "WATCHES_TABLE": WATCHES,
        "RESULTS_TABLE": RESULTS,
        "GATES_TABLE": GATES,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": (
            f"InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint={simulator}/"
        ),
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "262144",  # a host setting, as in infra/main.bicep; so is the next one
        "AzureWebJobsDisableHomepage": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",  # counts before the other where both are set
    }


def make_storage(connection_string: str, ticket_queues: int = 1) -> None:
    """Create the queues and the tables, as the deployment does in Azure.  Idempotent."""
    names = [*(queue_name(QUEUE, number) for number in range(ticket_queues)), f"{QUEUE}-callbacks"]
    with QueueServiceClient.from_connection_string(connection_string, **DIRECT) as queues:
        for name in (*names, *(f"{name}-poison" for name in names)):
            with suppress(ResourceExistsError):
                queues.create_queue(name)
    with TableServiceClient.from_connection_string(connection_string, **DIRECT) as tables:
        for name in TABLES:
            tables.create_table_if_not_exists(name)
