"""Starts through HTTP.  Each watch has one turn meanwhile, as in production."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from local.bench.ground import SUCCEEDED, Ground
from local.bench.spread import Figures, Spread
from shared.apis.reporting import REPORTING

AT_ONCE = 8


def starts(ground: Ground, watches: int, batch: int, runs: int) -> Figures:
    """Start watches sequentially, concurrently, and in batches."""
    ways: dict[str, Callable[[httpx.Client, Sequence[str]], None]] = {
        "one after the other": _one_by_one,
        f"{AT_ONCE} at once": _at_once,
        f"{batch} with each request": lambda app, jobs: in_batches(app, jobs, batch),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    with ground.host(), ground.parts.app() as app:
        for run in range(runs):
            for way, start in ways.items():
                jobs = [f"{way.replace(' ', '-')}-{run}-{number}" for number in range(watches)]
                ground.script(jobs, SUCCEEDED)
                began = time.monotonic()
                start(app, jobs)
                rates[way].append(watches / (time.monotonic() - began))
    ground.clear()  # what was still under way
    return {way: Spread(values, "a second") for way, values in rates.items()}


def _one_by_one(app: httpx.Client, jobs: Sequence[str]) -> None:
    for job in jobs:
        app.post("/watches", json=_watch(job))


def _at_once(app: httpx.Client, jobs: Sequence[str]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as clients:
        list(clients.map(lambda job: app.post("/watches", json=_watch(job)), jobs))


def in_batches(app: httpx.Client, jobs: Sequence[str], batch: int) -> None:
    """Start a watch per job, in batches."""
    for begin in range(0, len(jobs), batch):
        wanted = [_watch(job) for job in jobs[begin : begin + batch]]
        results = app.post("/watches", json={"watches": wanted}).json()["results"]
        if refused := [result for result in results if result["status"] != httpx.codes.ACCEPTED]:
            raise ValueError(f"not all of a batch were started: {refused[0]}")


def _watch(job: str) -> dict[str, object]:
    return {"api": REPORTING.name, "job": {"jobId": job}}
