"""Azurite, Microsoft's storage emulator, as a child process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.parts.processes import Service, free_port
from local.setup import node
from local.setup.bootstrap import NPM, ROOT

ACCOUNT = "devstoreaccount1"
#: Published by Microsoft for every emulator: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextmanager
def azurite(directory: Path) -> Iterator[str]:
    """Run Azurite with its data and log in `directory`; yields the connection string."""
    service, connection_string = prepare(directory)
    with service.running():
        yield connection_string


def prepare(directory: Path, *, log_requests: bool = False) -> tuple[Service, str]:
    """Return Azurite, not yet started, and its connection string.

    Never use `--inMemoryPersistence`: its clean-up of queue extents blocks the emulator for seconds.
    """
    programs = node.find(Path(sys.prefix))
    if programs is None:
        raise RuntimeError(f"no Node to run Azurite: start with `python3 -m local` in {ROOT}")
    directory.mkdir(parents=True, exist_ok=True)
    blob, queue, table = (free_port() for _ in range(3))
    command = [
        *(sys.executable, "-m", "local.parts.leash"),
        *programs.node,
        str(node.azurite(NPM)),
        *("--location", str(directory), "--skipApiVersionCheck", "--disableTelemetry"),
        *([] if log_requests else ["--silent"]),
        *("--blobPort", str(blob), "--queuePort", str(queue), "--tablePort", str(table)),
    ]
    connection_string = ";".join(
        [
            "DefaultEndpointsProtocol=http",
            f"AccountName={ACCOUNT}",
            f"AccountKey={KEY}",
            f"BlobEndpoint=http://127.0.0.1:{blob}/{ACCOUNT}",
            f"QueueEndpoint=http://127.0.0.1:{queue}/{ACCOUNT}",
            f"TableEndpoint=http://127.0.0.1:{table}/{ACCOUNT}",
        ]
    )
    return Service(command, table, directory / "azurite.log"), connection_string
