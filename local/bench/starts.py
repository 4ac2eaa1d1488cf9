"""Starts through HTTP.  Each watch has one turn meanwhile, as in production."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from local.bench.ground import SUCCEEDED, Ground
from local.bench.spread import Figures, compared
from shared.apis.reporting import REPORTING

AT_ONCE = 8

Way = Callable[[httpx.Client, Sequence[str]], None]


def starts(ground: Ground, watches: int, batch: int, runs: int, against: str | None = None) -> Figures:
    """Start watches sequentially, concurrently, and in batches.

    `against` is a revision whose code does the same, before each run of this one.
    """
    ways: Mapping[str, Way] = {
        "one after the other": _one_by_one,
        f"{AT_ONCE} at once": _at_once,
        f"{batch} with each request": lambda app, jobs: in_batches(app, jobs, batch),
    }
    trees = ground.trees(against)
    rates: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in range(runs):
        for revision, tree in trees.items():
            with ground.of(tree), ground.host(), ground.parts.app() as app:
                _rate(ground, _one_by_one, app, [f"first-{run}-{revision}"])  # takes the imports
                for way, start in ways.items():
                    jobs = [f"{way.replace(' ', '-')}-{run}-{revision}-{number}" for number in range(watches)]
                    rates[way][revision].append(_rate(ground, start, app, jobs))
            ground.clear()  # what was still under way
    return compared(rates, "a second")


def _rate(ground: Ground, start: Way, app: httpx.Client, jobs: Sequence[str]) -> float:
    """Return how many are started a second."""
    ground.script(jobs, SUCCEEDED)
    began = time.monotonic()
    start(app, jobs)
    return len(jobs) / (time.monotonic() - began)


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
