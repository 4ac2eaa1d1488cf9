"""Azurite, Microsoft's storage emulator, as a child process."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from local.parts.processes import Service, free_port
from local.setup import node
from local.setup.bootstrap import NPM, ROOT

ACCOUNT = "devstoreaccount1"
#: Published by Microsoft for every emulator: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

DURABLE = Path(__file__).with_name("durable.cjs")


@contextmanager
def azurite(directory: Path) -> Iterator[str]:
    """Run Azurite with its data and log in `directory`; yields the connection string."""
    service, connection_string = prepare(directory)
    with service.running():
        yield connection_string


def prepare(
    directory: Path, *, log_requests: bool = False, ports: tuple[int, int, int] | None = None
) -> tuple[Service, str]:
    """Return Azurite for a while, not yet started, and its connection string.  `ports` are of blobs, queues and tables.

    Never use `--inMemoryPersistence`: its clean-up of queue extents blocks the emulator for seconds.
    """
    log = directory / "azurite.log"
    leash = [sys.executable, "-m", "local.parts.leash"]
    return _prepare(directory, log, leash, [], log_requests=log_requests, ports=ports)


def prepare_lasting(directory: Path, log: Path, key: str, inherits: Sequence[int]) -> tuple[Service, str]:
    """Return Azurite for data that last, not yet started, and its connection string: see durable.cjs.

    Its account's key is of our own: everybody knows the usual one, and other users of this machine reach the ports.
    """
    service, connection_string = _prepare(directory, log, [], ["--require", str(DURABLE)], key=key)
    return replace(service, env={"AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}, inherits=inherits), connection_string


def _prepare(
    directory: Path,
    log: Path,
    before: Sequence[str],
    options: Sequence[str],
    *,
    key: str = KEY,
    log_requests: bool = False,
    ports: tuple[int, int, int] | None = None,
) -> tuple[Service, str]:
    programs = node.find(Path(sys.prefix))
    if programs is None:
        raise RuntimeError(f"no Node to run Azurite: start with `python3 -m local` in {ROOT}")
    directory.mkdir(parents=True, exist_ok=True)
    blob, queue, table = ports or (free_port(), free_port(), free_port())
    command = [
        *before,
        *programs.node,
        *options,
        str(node.azurite(NPM)),
        *("--location", str(directory), "--skipApiVersionCheck", "--disableTelemetry"),
        *([] if log_requests else ["--silent"]),
        *("--blobPort", str(blob), "--queuePort", str(queue), "--tablePort", str(table)),
    ]
    connection_string = ";".join(
        [
            "DefaultEndpointsProtocol=http",
            f"AccountName={ACCOUNT}",
            f"AccountKey={key}",
            f"BlobEndpoint=http://127.0.0.1:{blob}/{ACCOUNT}",
            f"QueueEndpoint=http://127.0.0.1:{queue}/{ACCOUNT}",
            f"TableEndpoint=http://127.0.0.1:{table}/{ACCOUNT}",
        ]
    )
    return Service(command, table, log), connection_string
