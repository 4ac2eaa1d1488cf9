"""A durable DBOS workflow per job, whose steps and sleeps are stored in SQLite or PostgreSQL.

https://docs.dbos.dev/python/tutorials/workflow-tutorial: after a crash, workflows resume.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from dbos import DBOS, SetWorkflowID

from local.bench.beside.work import ENDED, READY, RUNNING, STARTED, Work, read, say, status


def watches(work: Work) -> Callable[[str], Awaitable[None]]:
    """Define the workflow that watches a job."""
    http = work.async_client()

    @DBOS.step()
    async def ask(path: str) -> str:
        return status(await http.get(path))

    @DBOS.workflow()
    async def watch(path: str) -> None:
        while await ask(path) == RUNNING:
            if work.delay:
                await DBOS.sleep_async(work.delay)

    workflow: Callable[[str], Awaitable[None]] = watch
    return workflow


async def main(work: Work) -> None:
    """Watch all jobs, or resume those of a killed process."""
    database = work.server.get("database") or f"sqlite:///{Path(work.state) / 'dbos.sqlite'}"
    DBOS(config={"name": "beside", "system_database_url": database, "log_level": "WARNING"})
    watch = watches(work)
    DBOS.launch()
    say(READY)
    handles = []
    for path in work.paths:
        if work.resumes:
            handles.append(await DBOS.retrieve_workflow_async(path))
        else:
            with SetWorkflowID(path):
                handles.append(await DBOS.start_workflow_async(watch, path))
    say(STARTED)
    for handle in handles:
        await handle.get_result()
    say(ENDED)


if __name__ == "__main__":
    asyncio.run(main(read()))
