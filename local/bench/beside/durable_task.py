"""A monitor of Microsoft's Durable Task SDK, as in Durable Functions, on its test backend.

https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-monitor: an orchestration that polls, sets a
timer and continues as new.  The backend keeps the history in the memory of this process: nothing survives it, and the
storage and the host of Durable Functions are not included.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

from durabletask import task
from durabletask.client import TaskHubGrpcClient
from durabletask.testing import create_test_backend
from durabletask.worker import TaskHubGrpcWorker

from local.bench.beside.work import ENDED, READY, RUNNING, STARTED, Work, read, say, status
from local.parts.processes import free_port


def asks(work: Work) -> Callable[[task.ActivityContext, str], str]:
    """Define the activity that polls once."""
    http = work.client()

    def ask(_: task.ActivityContext, path: str) -> str:
        return status(http.get(path))

    return ask


def watches(work: Work) -> Callable[[task.OrchestrationContext, str], Generator[Any, Any, None]]:
    """Define the orchestration that watches a job."""

    def watch(context: task.OrchestrationContext, path: str) -> Generator[Any, Any, None]:
        if (yield context.call_activity("ask", input=path)) != RUNNING:
            return
        if work.delay:
            yield context.create_timer(timedelta(seconds=work.delay))
        context.continue_as_new(path)

    return watch


def main(work: Work) -> None:
    """Watch all jobs; those of a killed backend are lost."""
    quiet = logging.getLogger("durabletask")
    quiet.setLevel(logging.WARNING)  # it logs each step
    port = free_port()
    create_test_backend(port=port)
    worker = TaskHubGrpcWorker(host_address=f"localhost:{port}", logger=quiet)
    worker.add_activity(asks(work))
    worker.add_orchestrator(watches(work))
    worker.start()
    client = TaskHubGrpcClient(host_address=f"localhost:{port}", logger=quiet)
    say(READY)
    paths = [] if work.resumes else work.paths
    begun = [client.schedule_new_orchestration("watch", input=path) for path in paths]
    say(STARTED)
    for instance in begun:
        client.wait_for_orchestration_completion(instance, timeout=3600)
    say(ENDED)


if __name__ == "__main__":
    main(read())
