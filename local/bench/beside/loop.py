"""A script: one coroutine for each job, which asks and sleeps.  Nothing survives it."""

from __future__ import annotations

import asyncio

import httpx

from local.bench.beside.work import ENDED, READY, RUNNING, STARTED, Work, read, say, status


async def watch(http: httpx.AsyncClient, path: str, delay: float) -> None:
    """Ask until the job has ended."""
    while status(await http.get(path)) == RUNNING:  # noqa: ASYNC110 -- nobody sets an event
        await asyncio.sleep(delay)


async def main(work: Work) -> None:
    """Watch all jobs; those of a loop that was killed nobody knows of."""
    async with work.async_client() as http:
        say(READY)
        watches = [asyncio.create_task(watch(http, path, work.delay)) for path in work.paths if not work.resumes]
        say(STARTED)
        await asyncio.gather(*watches)
        say(ENDED)


if __name__ == "__main__":
    asyncio.run(main(read()))
