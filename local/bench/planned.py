"""Compares `python3 -m local plan` with the app on the embedded host, for the same jobs.

The plan does not model lateness: whole seconds in the queue, polls of an idle queue, a busy machine.  So real watches
see the end of a job a little later, and a few take a turn more or less.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import Formatter
from typing import Any

import numpy as np

from local.bench.ground import Ground
from local.bench.spread import Figures, Spread
from local.host import hostjson
from local.plan.bill import requests
from local.plan.engine import World, fly
from local.plan.figures import figures
from local.plan.workload import DAY, Jobs, Lasting, make
from local.setup.bootstrap import ROOT
from shared.apis import APIS
from shared.core.remote import RemoteApi

GRID = timedelta(seconds=15)  # as in the deployment
SETTINGS = {"WAIT_SCALE": "1", "DUE_GRID": f"{GRID.total_seconds():g}"}

MIX = {"reality-analysis": 0.6, "schedules": 0.4}
SIGMA = 0.5
FAILING = 0.1

#: The simulator's status words for a failed job.
FAILED = {"reality-analysis": "failed", "schedules": "Failed"}

AT_ONCE = 16
WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Trial:
    """Observed or planned figures."""

    polls: float  #: requests for job statuses
    requests: float  #: to the platform: polls, and requests for evidence
    table_requests: float  #: for starts, polls and ends
    queue_requests: float  #: the same, without fetches
    p50: float  #: seconds from the end of a job to the poll that sees it
    p95: float


def planned(ground: Ground, watches: int, over: timedelta, median: timedelta) -> Figures:
    """Start that many watches over a time, with that median job length, and wait for their ends."""
    apis = [APIS[name] for name in MIX]
    jobs = make(
        apis=apis,
        parts=[*MIX.values()],
        lasting={name: Lasting(median.total_seconds(), SIGMA) for name in MIX},
        count=watches,
        days=over / timedelta(days=1),
        arrivals="random",
        failing=FAILING,
        rng=np.random.default_rng(0),
    )
    plan, real = _plan(apis, jobs), _Run(ground, apis, jobs).go()
    return {
        "watches": Spread([float(watches)]),
        **_beside("polls", real.polls, plan.polls),
        **_beside("requests to the platform", real.requests, plan.requests),
        **_beside("requests to tables", real.table_requests, plan.table_requests),
        **_beside("requests to queues, without looks", real.queue_requests, plan.queue_requests),
        **_beside("end of job to end of watch, p50, s", real.p50, plan.p50),
        **_beside("end of job to end of watch, p95, s", real.p95, plan.p95),
    }


def _beside(what: str, real: float, plan: float) -> Figures:
    return {
        f"{what}: real / planned": Spread([real / plan]),
        f"  {what}, real": Spread([real]),
        f"  {what}, planned": Spread([plan]),
    }


def _plan(apis: Sequence[RemoteApi], jobs: Jobs) -> Trial:
    days = (jobs.end.max() + 3600) / DAY  # until all have ended
    queues = hostjson.read(ROOT).extensions.queues
    flown = fly(World(apis=apis, jobs=jobs, days=days, queues=queues, grid=GRID.total_seconds()))
    found, (tables, of_queues) = figures(flown), requests(flown)
    if found.delay_p50 is None or found.delay_p95 is None:
        raise ValueError("no watch has ended")
    return Trial(
        polls=found.polls,
        requests=float(len(flown.requests)),
        table_requests=tables,
        queue_requests=of_queues,
        p50=found.delay_p50,
        p95=found.delay_p95,
    )


class _Run:
    """The same on the embedded host."""

    def __init__(self, ground: Ground, apis: Sequence[RemoteApi], jobs: Jobs) -> None:
        self._ground, self._jobs = ground, jobs
        self._apis = [apis[place] for place in jobs.api]
        self._ids = [_ids(api, number) for number, api in enumerate(self._apis)]
        self._paths = [api.path.format(**ids) for api, ids in zip(self._apis, self._ids, strict=True)]
        self._lengths = jobs.end - jobs.start

    def go(self) -> Trial:
        with self._ground.parts.simulator_control() as platform:
            for place in range(len(self._jobs)):
                platform.post("/jobs", json=self._order(place))
        with self._ground.storage_requests() as counted, self._ground.host(SETTINGS):
            self._start()
            self._ground.wait_until_done(WITHIN)
        asked = self._ground.requests()
        polls = self._polls(asked)
        delays = [_delay(times, length) for times, length in zip(polls, self._lengths, strict=True)]
        return Trial(
            polls=sum(map(len, polls)),
            requests=sum("planned" in request["path"] for request in asked),
            table_requests=counted["tables"],
            queue_requests=counted["queues"],
            p50=float(np.percentile(delays, 50)),
            p95=float(np.percentile(delays, 95)),
        )

    def _order(self, place: int) -> Mapping[str, Any]:
        """Script a job; it starts with its first poll, which is immediate."""
        clean = self._jobs.clean[place]
        clock = {"seconds": self._lengths[place]} | ({} if clean else {"ends": FAILED[self._apis[place].name]})
        return {"path": self._paths[place], "clock": clock}

    def _start(self) -> None:
        """Start each watch at its time."""
        with self._ground.parts.app() as app, ThreadPoolExecutor(AT_ONCE) as clients:
            began, starting = time.monotonic(), []
            for api, ids, start in zip(self._apis, self._ids, self._jobs.start, strict=True):
                time.sleep(max(0, began + start - time.monotonic()))
                starting.append(clients.submit(app.post, "/watches", json={"api": api.name, "job": ids}))
            for started in starting:
                started.result()

    def _polls(self, asked: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[datetime]]:
        """Return the times of each job's polls."""
        times: dict[str, list[datetime]] = {path: [] for path in self._paths}
        for request in asked:
            if request["path"] in times:
                times[request["path"]].append(datetime.fromisoformat(request["time"]))
        return [*times.values()]


def _ids(api: RemoteApi, number: int) -> Mapping[str, str]:
    return {name: f"planned-{number}" for _, name, _, _ in Formatter().parse(api.path) if name}


def _delay(polls: Sequence[datetime], length: float) -> float:
    """Return the seconds from the end of a job, which started with the first poll, to the poll that saw it."""
    end = polls[0] + timedelta(seconds=length)
    if polls[-1] < end:
        raise ValueError("a watch has ended before its job")
    return next((poll - end).total_seconds() for poll in polls if poll >= end)
