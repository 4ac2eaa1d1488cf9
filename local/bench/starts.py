"""Watches started through HTTP.  Each has its one turn meanwhile, as in life."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from local.bench.ground import SUCCEEDED, Ground
from local.bench.spread import Figures, Spread
from shared.apis.reporting import REPORTING

AT_ONCE = 8


def starts(ground: Ground, watches: int, runs: int) -> Figures:
    """Start them one after the other, and several at once."""
    one, many = [], []
    with ground.host():
        for run in range(runs):
            one.append(_rate(ground, [f"one-{run}-{number}" for number in range(watches)], 1))
            many.append(_rate(ground, [f"many-{run}-{number}" for number in range(watches)], AT_ONCE))
    ground.clear()  # of what was still under way
    return {"one after the other": Spread(one, "a second"), f"{AT_ONCE} at once": Spread(many, "a second")}


def _rate(ground: Ground, jobs: list[str], at_once: int) -> float:
    ground.script(jobs, SUCCEEDED)
    with ground.parts.app() as app, ThreadPoolExecutor(at_once) as clients:
        began = time.monotonic()
        list(clients.map(lambda job: app.post("/watches", json={"api": REPORTING.name, "job": {"jobId": job}}), jobs))
        return len(jobs) / (time.monotonic() - began)
