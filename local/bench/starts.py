"""Watches started through HTTP."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from local.bench.ground import Ground
from local.bench.spread import Figures, Spread
from shared.apis.reporting import REPORTING

AT_ONCE = 8


def starts(ground: Ground, watches: int, runs: int) -> Figures:
    """Start them one after the other, and several at once."""
    one, many = [], []
    with ground.host():
        for run in range(runs):
            one.append(_rate(ground, [f"forever-one-{run}-{number}" for number in range(watches)], 1))
            many.append(_rate(ground, [f"forever-many-{run}-{number}" for number in range(watches)], AT_ONCE))
    ground.clear()
    return {"one after the other": Spread(one, "a second"), f"{AT_ONCE} at once": Spread(many, "a second")}


def _rate(ground: Ground, jobs: list[str], at_once: int) -> float:
    """Each begins to poll when it is due, which is not before the measurement is over."""
    with ground.parts.app() as app, ThreadPoolExecutor(at_once) as clients:
        began = time.monotonic()
        list(clients.map(lambda job: app.post("/watches", json={"api": REPORTING.name, "job": {"jobId": job}}), jobs))
        return len(jobs) / (time.monotonic() - began)
