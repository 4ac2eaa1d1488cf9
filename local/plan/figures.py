"""The figures of a plan, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from rich.table import Table

from local.plan.bill import END_TABLE, START_QUEUE, START_TABLE, TURN_QUEUE, TURN_TABLE, bill
from local.plan.engine import Flown
from local.plan.limits import CPU_PER_TURN, INSTANCE_CPUS, ONE_ACCOUNT, ONE_QUEUE
from local.plan.sample import error
from local.plan.tally import busiest_second, in_flight, instances, most_instances, requests
from local.plan.workload import DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a plan says."""

    watches: int
    simulated: int  #: of these; fewer where they were sampled
    error: float  #: of polls and dollars, for a sample: 95 % of samples are within this part of the truth; else 0
    ended: float
    expired: float
    in_flight_mean: float
    in_flight_peak: float
    polls: float
    polls_per_watch: float
    requests_per_minute_mean: float
    requests_per_minute_peak: float
    events: float  #: of the platform
    woken: float  #: watches, by these
    stale: float  #: tickets that came after a wake-up had fenced them off
    throttled: float  #: 429s
    held: float  #: turns that waited for others instead of asking
    storage_per_second_mean: float
    storage_per_second_peak: float  #: all requests, in the busiest second
    queue_per_second_peak: float  #: of each queue
    executions_per_day: float
    instances_mean: float
    instances_peak: float
    instances_needed: float  #: for the processor time of the busiest minute
    delay_p50: float | None  #: seconds from the end of a job to the end of its watch
    delay_p95: float | None
    dollars_per_day: float
    dollars: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


def figures(flown: Flown) -> Figures:
    """Sum up a plan."""
    world, weight, charged = flown.world, flown.world.weight, bill(flown)
    watches, asked, busiest = in_flight(flown), requests(flown), busiest_second(flown)
    ended = ~np.isnan(flown.ended_at)
    found = ended & ~flown.expired
    delays = (flown.ended_at - world.jobs.end)[found]
    polls = flown.polls[flown.polls > 0]
    return Figures(
        watches=round(flown.starts * weight),
        simulated=flown.starts,
        error=error(world.jobs, flown.polls) if weight > 1 else 0.0,
        ended=float(ended.sum()) * weight,
        expired=float(flown.expired.sum()) * weight,
        in_flight_mean=watches.mean,
        in_flight_peak=watches.peak,
        polls=float(polls.sum()) * weight,
        polls_per_watch=float(polls.mean()) if len(polls) else 0.0,
        requests_per_minute_mean=asked.mean,
        requests_per_minute_peak=asked.peak,
        events=len(flown.events) * weight,
        woken=len(flown.woken) * weight,
        stale=len(flown.stale) * weight,
        throttled=flown.throttled * weight,
        held=flown.held * weight,
        storage_per_second_mean=(charged.queue_requests + charged.table_requests) / DAY,
        storage_per_second_peak=busiest * max(TURN_TABLE + TURN_QUEUE + 1, START_TABLE + START_QUEUE, END_TABLE + 1),
        queue_per_second_peak=busiest * (TURN_QUEUE + 1) / world.ticket_queues,
        executions_per_day=charged.executions,
        instances_mean=float(instances(flown).mean()),
        instances_peak=most_instances(flown),
        instances_needed=float(np.ceil(asked.peak / 60 * CPU_PER_TURN / INSTANCE_CPUS)),
        delay_p50=float(np.percentile(delays, 50)) if len(delays) else None,
        delay_p95=float(np.percentile(delays, 95)) if len(delays) else None,
        dollars_per_day=charged.total,
        dollars=charged.dollars,
    )


def table(columns: Mapping[str, Figures], tier: str, most: int | None, most_instances: int) -> Table:
    """Draw figures side by side, and their limits."""
    drawn = Table("", *columns, "limit", box=None, pad_edge=False)
    for column in drawn.columns[1:]:
        column.justify = "right"

    def row(what: str, name: str, limit: str = "", form: str = ",.0f") -> None:
        values = (getattr(figures, name) for figures in columns.values())
        drawn.add_row(what, *("" if value is None else format(value, form) for value in values), limit)

    row("watches started", "watches")
    row("ended", "ended")
    row("in flight, mean", "in_flight_mean")
    row("in flight, most", "in_flight_peak")
    row("polls of a watch, mean", "polls_per_watch", form=",.1f")
    row("polls", "polls")
    row("API requests a minute, mean", "requests_per_minute_mean", form=",.1f")
    row("API requests a minute, most", "requests_per_minute_peak", f"{most:,} ({tier})" if most else "")
    if any(figures.events for figures in columns.values()):
        row("events of the platform", "events")
        row("watches woken", "woken")
        row("tickets fenced off", "stale")
    row("429s", "throttled")
    row("turns that waited for others", "held")
    row("expired at their deadline", "expired")
    row("storage requests a second, mean", "storage_per_second_mean", form=",.1f")
    row("storage requests in the busiest second", "storage_per_second_peak", f"{ONE_ACCOUNT:,} an account")
    row("  of one queue", "queue_per_second_peak", f"{ONE_QUEUE:,} a queue")
    row("executions a day", "executions_per_day")
    row("instances by the scaler, mean", "instances_mean", form=",.1f")
    row("instances by the scaler, most", "instances_peak", f"{most_instances:,} a queue")
    row("instances that the processor needs", "instances_needed", f"{most_instances:,} a queue")
    row("end of job to end of watch, p50, s", "delay_p50", form=",.1f")
    row("end of job to end of watch, p95, s", "delay_p95", form=",.1f")
    for name in next(iter(columns.values())).dollars:
        drawn.add_row(f"$ a day, {name}", *(f"{figures.dollars[name]:,.3f}" for figures in columns.values()))
    row("$ a day", "dollars_per_day", form=",.2f")
    return drawn


def grids(rows: dict[float, Figures]) -> Table:
    """Draw what rounding due times up to a grid costs and saves."""
    drawn = Table("grid, s", "$ a day", "memory", "delay p50, s", "delay p95, s", "polls", box=None, pad_edge=False)
    for column in drawn.columns:
        column.justify = "right"
    for grid, found in rows.items():
        delays = ("" if delay is None else f"{delay:.1f}" for delay in (found.delay_p50, found.delay_p95))
        drawn.add_row(
            f"{grid:g}",
            f"{found.dollars_per_day:,.2f}",
            f"{found.dollars['memory']:,.2f}",
            *delays,
            f"{found.polls:,.0f}",
        )
    return drawn
