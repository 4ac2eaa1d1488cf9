"""A Restate workflow per job, whose steps and sleeps Restate's server stores.

https://docs.restate.dev/develop/python/durable-steps and durable-timers.  The server calls this process over HTTP,
which Hypercorn serves as in https://docs.restate.dev/develop/python/serving.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import quote

import httpx
import hypercorn
import hypercorn.asyncio
import restate

from local.bench.beside.work import ENDED, READY, RUNNING, STARTED, TIMEOUT, Work, read, say, status

#: Concurrent starts, as in the app's own benchmarks.
STARTS = 16

#: Like their file of settings for production.
UNLIMITED = 2**31 - 1

#: A waiting workflow holds a connection, and a place among 1,000, until this has passed; usually a minute.
IDLE = timedelta(seconds=1)


def watches(work: Work) -> restate.Workflow:
    """Define the workflow that watches a job."""
    http = work.async_client()
    workflow = restate.Workflow("watch", inactivity_timeout=IDLE)

    async def ask(path: str) -> str:
        return status(await http.get(path))

    @workflow.main()
    async def run(ctx: restate.WorkflowContext, path: str) -> None:
        while await ctx.run_typed("ask", ask, path=path) == RUNNING:
            if work.delay:
                await ctx.sleep(timedelta(seconds=work.delay))

    return workflow


async def main(work: Work) -> None:
    """Watch all jobs, or resume those of a killed process: the server calls again."""
    config = hypercorn.Config()
    config.bind = [work.server["worker"]]
    config.h2_max_concurrent_streams = config.keep_alive_max_requests = config.keep_alive_timeout = UNLIMITED
    serving = asyncio.create_task(
        hypercorn.asyncio.serve(restate.app([watches(work)]), config, shutdown_trigger=asyncio.Event().wait)
    )
    while not await _listens(work.server["worker"]):  # noqa: ASYNC110 -- Hypercorn tells nobody
        await asyncio.sleep(0.05)
    patient = httpx.Timeout(TIMEOUT, read=None)  # for an answer at the end
    async with httpx.AsyncClient(base_url=work.server["ingress"], timeout=patient, trust_env=False) as client:
        if not work.resumes:
            registered = await client.post(
                f"{work.server['admin']}/deployments", json={"uri": f"http://{work.server['worker']}"}
            )
            registered.raise_for_status()
        say(READY)
        if not work.resumes:
            free = asyncio.Semaphore(STARTS)
            await asyncio.gather(*(_start(client, free, path) for path in work.paths))
        say(STARTED)
        for path in work.paths:
            (await client.get(f"/restate/workflow/watch/{_key(path)}/attach")).raise_for_status()
        say(ENDED)
    await serving


async def _listens(address: str) -> bool:
    host, port = address.split(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True


async def _start(client: httpx.AsyncClient, free: asyncio.Semaphore, path: str) -> None:
    async with free:
        (await client.post(f"/watch/{_key(path)}/run/send", json=path)).raise_for_status()


def _key(path: str) -> str:
    return quote(path, safe="")


if __name__ == "__main__":
    asyncio.run(main(read()))
