"""``python3 -m local bench``: selects, sizes and prints the benchmarks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from local.bench.beside.measure import Sizes, beside
from local.bench.cold import cold
from local.bench.concurrency import concurrency
from local.bench.floor import floor
from local.bench.ground import Ground, ground
from local.bench.lateness import lateness
from local.bench.planned import planned
from local.bench.sleeping import sleeping
from local.bench.spread import Figures
from local.bench.starts import starts
from local.bench.turns import turns
from local.bench.webhooks import webhooks
from local.setup.bootstrap import STATE
from shared.web.requests import LARGEST_BATCH

USUAL = ("turns", "floor", "lateness", "sleeping", "start", "cold")
NAMES = (*USUAL, "concurrency", "planned", "webhooks", "beside")


@click.command()
@click.argument("which", nargs=-1, type=click.Choice(NAMES))
@click.option(
    "--watches", type=click.IntRange(min=1), default=200, show_default=True, help="Watches in turns and start."
)
@click.option("--polls", type=click.IntRange(min=1), default=5, show_default=True, help="Polls per watch in turns.")
@click.option(
    "--against", metavar="REVISION", help="Run turns, start and cold with the code of this commit too, alternately."
)
@click.option(
    "--turns", "floor_turns", type=click.IntRange(min=10), default=600, show_default=True, help="Turns in floor."
)
@click.option(
    "--late-watches", type=click.IntRange(min=1), default=2000, show_default=True, help="Watches in lateness."
)
@click.option(
    "--late-seconds",
    type=click.FloatRange(min=0),
    default=60,
    show_default=True,
    help="Seconds over which they become due.",
)
@click.option(
    "--asleep", type=click.IntRange(min=1), default=10_000, show_default=True, help="Invisible tickets in sleeping."
)
@click.option(
    "--asleep-seconds", type=click.FloatRange(min=0.1), default=20, show_default=True, help="Length of sleeping."
)
@click.option(
    "--batch",
    type=click.IntRange(1, LARGEST_BATCH),
    default=LARGEST_BATCH,
    show_default=True,
    help="Watches per request in start.",
)
@click.option(
    "--polling", type=click.IntRange(min=1), default=600, show_default=True, help="Maximum watches in concurrency."
)
@click.option(
    "--latency",
    "latencies",
    multiple=True,
    type=float,
    default=(0.3, 2),
    help="Response times of the platform in concurrency, seconds.",
)
@click.option(
    "--polling-seconds", type=click.FloatRange(min=0.1), default=20, show_default=True, help="Length of concurrency."
)
@click.option(
    "--planned-watches", type=click.IntRange(min=1), default=2000, show_default=True, help="Watches in planned."
)
@click.option(
    "--planned-seconds",
    type=click.FloatRange(min=1),
    default=300,
    show_default=True,
    help="Time over which planned starts them.",
)
@click.option(
    "--job-seconds",
    type=click.FloatRange(min=1),
    default=90,
    show_default=True,
    help="Median length of a job in planned and webhooks.",
)
@click.option(
    "--told-watches",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Watches in webhooks with webhooks, and as many without.",
)
@click.option("--runs", type=click.IntRange(min=1), default=3, show_default=True, help="Runs of each benchmark.")
@click.option("--picture", type=click.Path(path_type=Path), default=STATE / "lateness.png", help="Chart of lateness.")
@click.option("--json", "as_json", is_flag=True, help="Print only JSON.")
def bench(
    *,
    which: Sequence[str],
    watches: int,
    polls: int,
    against: str | None,
    floor_turns: int,
    late_watches: int,
    late_seconds: float,
    asleep: int,
    asleep_seconds: float,
    batch: int,
    polling: int,
    latencies: Sequence[float],
    polling_seconds: float,
    planned_watches: int,
    planned_seconds: float,
    job_seconds: float,
    told_watches: int,
    runs: int,
    picture: Path,
    as_json: bool,
) -> None:
    """Measure the app on this machine, with the benchmarks WHICH.

    Default: all except concurrency, planned, webhooks and beside, which take more than an hour.  Beside uses
    the sizes of turns and sleeping.
    """
    console = Console(highlight=False, stderr=as_json)
    benchmarks: dict[str, Callable[[Ground], Figures]] = {
        "turns": lambda on: turns(on, watches, polls, runs, against),
        "floor": lambda on: floor(on, floor_turns, runs),
        "lateness": lambda on: lateness(on, late_watches, timedelta(seconds=late_seconds), runs, picture),
        "sleeping": lambda on: sleeping(on, asleep, timedelta(seconds=asleep_seconds), runs),
        "start": lambda on: starts(on, watches, batch, runs, against),
        "cold": lambda on: cold(on, runs, against),
        "concurrency": lambda on: concurrency(on, latencies, polling, timedelta(seconds=polling_seconds), runs),
        "planned": lambda on: planned(
            on, planned_watches, timedelta(seconds=planned_seconds), timedelta(seconds=job_seconds)
        ),
        "webhooks": lambda on: webhooks(on, told_watches, timedelta(seconds=job_seconds), runs),
        "beside": lambda on: beside(on, Sizes(watches, polls, asleep, timedelta(seconds=asleep_seconds), runs)),
    }
    found: dict[str, Figures] = {}
    with ground() as prepared:
        for name in which or USUAL:
            console.print(f"[dim]{name} ...[/]")
            found[name] = benchmarks[name](prepared)
    if as_json:
        rows = {name: {what: spread.to_json() for what, spread in figures.items()} for name, figures in found.items()}
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, figures in found.items():
        table.add_row(f"[bold]{name}[/]", "")
        for what, spread in figures.items():
            table.add_row(f"  {what}", str(spread))
    console.print(table)
    if "lateness" in found:
        console.print(f"Chart of lateness: {picture}", soft_wrap=True)
