"""A script: one coroutine per job, which polls and sleeps.  Nothing survives it."""

from __future__ import annotations

import asyncio

import httpx

from local.bench.beside.work import AT_ONCE, ENDED, READY, RUNNING, STARTED, Work, read, say, status


async def watch(http: httpx.AsyncClient, free: asyncio.Semaphore, path: str, delay: float) -> None:
    """Poll until the job has ended."""
    while True:
        async with free:
            if status(await http.get(path)) != RUNNING:
                return
        await asyncio.sleep(delay)


async def main(work: Work) -> None:
    """Watch all jobs; those of a killed loop are lost."""
    free = asyncio.Semaphore(AT_ONCE)  # httpx's pool is slow with thousands of waiters
    async with work.async_client() as http, asyncio.TaskGroup() as watches:
        say(READY)
        for path in work.paths if not work.resumes else []:
            watches.create_task(watch(http, free, path, work.delay))
        say(STARTED)
    say(ENDED)


if __name__ == "__main__":
    asyncio.run(main(read()))
