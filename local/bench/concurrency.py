"""Concurrent turns: the effect of batchSize and newBatchThreshold in host.json while the platform is slow."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import psutil

from local.bench.ground import RUNNING, Ground, processor_seconds
from local.bench.spread import Figures, Spread

#: batchSize and newBatchThreshold: one turn at a time, the defaults on one processor, and up to those in host.json.
#: Their sum is the maximum concurrency; the next batch is fetched when at most newBatchThreshold turns are left.
CHOICES = ((1, 0), (16, 8), (32, 16), (32, 96), (32, 224))

#: Time to reach the maximum concurrency.
SETTLING = timedelta(seconds=3)


def concurrency(ground: Ground, latencies: Sequence[float], most: int, span: timedelta, runs: int) -> Figures:
    """Count the turns of watches that poll without end: twice the maximum concurrency, and at most `most`.

    With more watches, tending would find the waiting ones overdue.  `latencies` are the response times of the platform,
    in seconds.
    """
    figures: Figures = {}
    for latency in latencies:
        for batch_size, threshold in CHOICES:
            seconds = f"{latency:g} s"
            watches = min(most, 2 * (batch_size + threshold))
            jobs = [f"forever-{seconds}-{batch_size}-{threshold}-{number}" for number in range(watches)]
            ground.script(jobs, {**RUNNING, "delay": latency})
            ground.make(jobs)
            with ground.host(_host_json(batch_size, threshold)) as process:
                time.sleep(min(SETTLING, span).total_seconds())
                measured = [_measure(ground, process, span) for _ in range(runs)]
            ground.clear()
            what = f"{batch_size} and {threshold}, answers in {seconds}"
            figures[f"turns with {what}"] = Spread([rate for rate, _ in measured], "a second")
            figures[f"  processors with {what}"] = Spread([busy for _, busy in measured])
    return figures


def _host_json(batch_size: int, threshold: int) -> Mapping[str, str]:
    """Return the overrides: https://learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values."""
    queues = "AzureFunctionsJobHost__extensions__queues__"
    return {f"{queues}batchSize": str(batch_size), f"{queues}newBatchThreshold": str(threshold)}


def _measure(ground: Ground, process: psutil.Process, span: timedelta) -> tuple[float, float]:
    """Return turns per second, and the number of busy processors."""
    began, used = datetime.now(UTC), processor_seconds(process)
    time.sleep(span.total_seconds())
    ended, used = datetime.now(UTC), processor_seconds(process) - used
    turns = sum(began <= datetime.fromisoformat(request["time"]) < ended for request in ground.requests())
    return turns / (ended - began).total_seconds(), used / (ended - began).total_seconds()
