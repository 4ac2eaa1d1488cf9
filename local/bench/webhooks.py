"""How soon a watch ends after its job, with webhooks of the platform and without, side by side on one host.

The simulated platform sends an event the moment a job ends: how soon the real one does is not known.  Two jobs each
take equally long, in two iTwins, of which one has a webhook.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import numpy as np

from local.bench.ground import Ground
from local.bench.planned import GRID, SIGMA
from local.bench.spread import Figures, Spread
from local.plan.workload import Lasting
from shared import wiring
from shared.apis.reality_analysis import REALITY_ANALYSIS as API
from shared.core.model import Watch
from shared.core.remote import watch_id
from shared.web.requests import LARGEST_BATCH

WITHIN = timedelta(minutes=30)

#: The iTwins, by whether they have a webhook.
ITWINS = {True: "told", False: "untold"}

SECRET = secrets.token_hex(32)
SETTINGS = {"WAIT_SCALE": "1", "DUE_GRID": f"{GRID.total_seconds():g}", "WEBHOOK_SECRETS": SECRET}


@dataclass(frozen=True, slots=True)
class Half:
    """What was seen of the watches of one iTwin."""

    p50: float  #: seconds from the end of a job to the end of its watch
    p95: float
    requests: float  #: to the platform
    woken: float  #: part of the watches


def webhooks(ground: Ground, watches: int, median: timedelta, runs: int) -> Figures:
    """Follow so many jobs of that median length in each of the two iTwins, to the ends of all."""
    lengths = Lasting(median.total_seconds(), SIGMA).draw_evenly(np.random.default_rng(0), watches).tolist()
    with ground.host(SETTINGS), _webhook(ground):
        halves = [_run(ground, f"webhooks-{run}", lengths) for run in range(runs)]
    figures: Figures = {}
    for what, unit in {"p50": "s", "p95": "s", "requests": ""}.items():
        name = "requests to the platform" if what == "requests" else f"end of job to end of watch, {what}"
        with_them, without = ([getattr(half[told], what) for half in halves] for told in (True, False))
        figures |= {
            f"{name}: with webhooks / without": Spread(
                [ours / other for ours, other in zip(with_them, without, strict=True)]
            ),
            f"  {name}, with": Spread(with_them, unit),
            f"  {name}, without": Spread(without, unit),
        }
    return figures | {"woken, of those with webhooks": Spread([half[True].woken for half in halves])}


@contextmanager
def _webhook(ground: Ground) -> Iterator[None]:
    """Have the one iTwin send its events to the host."""
    headers = {"Authorization": f"Bearer {ground.token()}", "Accept": "application/vnd.bentley.itwin-platform.v2+json"}
    wanted = {
        "callbackUrl": f"{ground.parts.url}/api/events?code={ground.parts.key}",
        "scope": "iTwin",
        "scopeId": ITWINS[True],
        "secret": SECRET,
        "eventTypes": API.event.types if API.event else (),
    }
    with httpx.Client(base_url=ground.parts.simulator, headers=headers, trust_env=False) as platform:
        created = platform.post("/webhooks", json=wanted).raise_for_status().json()
        where = f"/webhooks/{created['id']}"
        platform.patch(where, json={"active": True, "secret": SECRET}).raise_for_status()
        try:
            yield
        finally:
            platform.delete(where).raise_for_status()


def _run(ground: Ground, name: str, lengths: Sequence[float]) -> Mapping[bool, Half]:
    """Follow the jobs; they begin with their first polls, which are immediate."""
    jobs = {told: [{"jobId": f"{name}-{itwin}-{n}"} for n in range(len(lengths))] for told, itwin in ITWINS.items()}
    with ground.parts.simulator_control() as platform:
        for told, itwin in ITWINS.items():
            for job, seconds in zip(jobs[told], lengths, strict=True):
                clock = {"seconds": seconds}
                platform.post("/jobs", json={"path": API.path.format(**job), "clock": clock, "iTwinId": itwin})
    every = [{"api": API.name, "job": job} for pair in zip(*jobs.values(), strict=True) for job in pair]
    with ground.parts.app() as app:
        for begin in range(0, len(every), LARGEST_BATCH):
            app.post("/watches", json={"watches": every[begin : begin + LARGEST_BATCH]})
    ground.wait_until_done(WITHIN)
    asked = ground.requests()
    return {told: _half(ground, asked, jobs[told], lengths) for told in ITWINS}


def _half(
    ground: Ground, asked: Sequence[Mapping[str, Any]], jobs: Sequence[Mapping[str, str]], lengths: Sequence[float]
) -> Half:
    polls: dict[str, list[datetime]] = {API.path.format(**job): [] for job in jobs}
    for request in asked:
        if request["path"] in polls:
            polls[request["path"]].append(datetime.fromisoformat(request["time"]))
    ended = ground.run(_ended(jobs))
    delays = [
        (at - times[0]).total_seconds() - seconds
        for at, times, seconds in zip((ended_at for ended_at, _ in ended), polls.values(), lengths, strict=True)
    ]
    return Half(
        p50=float(np.percentile(delays, 50)),
        p95=float(np.percentile(delays, 95)),
        requests=sum(map(len, polls.values())),
        woken=sum(woken for _, woken in ended) / len(ended),
    )


async def _ended(jobs: Sequence[Mapping[str, str]]) -> list[tuple[datetime, bool]]:
    """Say when each watch ended, and whether it was woken."""
    watches = [await wiring.watches().load(watch_id(API, job)) for job in jobs]
    return [_end(watch) for watch in watches]


def _end(watch: Watch | None) -> tuple[datetime, bool]:
    if watch is None or watch.end is None:
        raise ValueError("a watch has not ended")
    return watch.end.at, watch.woken_at is not None
