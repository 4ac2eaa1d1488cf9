"""Storage at the address that `UseDevelopmentStorage=true` means, for hosts other than ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console

from local.parts.azurite import prepare
from local.parts.stack import make_storage
from local.setup.bootstrap import STATE

#: Of blobs, queues and tables: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
PORTS = (10000, 10001, 10002)


@contextmanager
def usual_storage() -> Iterator[str]:
    """Run Azurite with the app's queues and tables, on its usual ports; yields the connection string.

    What is stored stays in `.local/storage`.
    """
    service, connection_string = prepare(STATE / "storage", ports=PORTS)
    with service.running():
        make_storage(connection_string)
        yield connection_string


def keep_running(console: Console) -> None:
    """Run it until interrupted."""
    with usual_storage(), suppress(KeyboardInterrupt):
        console.print("Storage is ready, at UseDevelopmentStorage=true.  Ctrl-C ends it.", highlight=False)
        threading.Event().wait()
