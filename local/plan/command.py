"""``python3 -m local plan``: options in, figures out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf

import click
import numpy as np
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from local.host import hostjson
from local.plan.engine import TooManyTurnsError, World, fly
from local.plan.events import Events
from local.plan.figures import Figures, figures, grids, table
from local.plan.fixed import Deployed, fixed
from local.plan.limits import MOST_INSTANCES, TIERS
from local.plan.loop import EVERY, loop
from local.plan.workload import ARRIVALS, DAY, LASTING, OTHERS, Lasting, make
from local.setup.bootstrap import ROOT
from shared.apis import APIS
from shared.core.nearest import nearest
from shared.core.rate_limit import HEADROOM
from shared.core.schedule import Schedule
from shared.settings import MOST_QUEUES, Polling

#: Requests of the loop beyond which it is sampled.
MOST_OF_A_LOOP = 5_000_000

#: How many turns are expected is a guess: with so many times as many, so many times fewer watches are flown instead.
BEYOND, FEWER = 2, 4


def _mix(_: click.Context, __: click.Parameter, text: str) -> dict[str, float]:
    return {name: _number(part, more_than_0=True) for name, part in _pairs(text)}


def _lasting(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> dict[str, Lasting]:
    pairs = [pair for text in texts for pair in _pairs(text)]
    return {name: _lasts(*value.partition(":")) for name, value in pairs}


def _lasts(median: str, colon: str, sigma: str) -> Lasting:
    seconds = _number(median, more_than_0=True)
    return Lasting(seconds, _number(sigma)) if colon else Lasting(seconds)


def _polling(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> dict[str, Schedule]:
    pairs = [pair for text in texts for pair in _pairs(text, apart="")]
    return {name: _schedule(delays) for name, delays in pairs}


def _schedule(delays: str) -> Schedule:
    try:
        schedule: Schedule = TypeAdapter[Schedule](Polling).validate_python(delays)
    except ValidationError as error:
        (found,) = error.errors()
        raise click.BadParameter(f"{delays!r} {found['msg'].removeprefix('Value error, ')}") from None
    return schedule


def _grids(_: click.Context, __: click.Parameter, text: str) -> list[float]:
    return [_number(grid) for grid in text.split(",")]


def _pairs(text: str, apart: str = ",") -> list[tuple[str, str]]:
    """Read API=VALUE, or several if something stands between them."""
    texts = text.split(apart) if apart else [text]
    pairs = [(name.strip(), value) for name, _, value in (pair.partition("=") for pair in texts)]
    for name, _ in pairs:
        if name not in APIS:
            raise click.BadParameter(f"no API is named {name!r}; most like it: {nearest(name, APIS)}")
    return pairs


def _number(text: str, *, more_than_0: bool = False) -> float:
    try:
        number = float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a number") from None
    if not 0 <= number < inf or (more_than_0 and not number):
        raise click.BadParameter(f"{text} must be {'more than 0' if more_than_0 else '0 or more'}")
    return number


@click.command()
@click.option("--watches", type=click.IntRange(min=1), default=10_000, show_default=True, help="Started in all.")
@click.option("--starts-per-hour", type=click.FloatRange(min=0, min_open=True), help="Instead of --watches.")
@click.option("--days", type=click.FloatRange(min=0, min_open=True), default=7.0, show_default=True)
@click.option("--mix", default="reality-analysis=0.6,schedules=0.4", show_default=True, callback=_mix)
@click.option(
    "--lasting",
    multiple=True,
    callback=_lasting,
    metavar="API=MEDIAN[:SIGMA]",
    help="How long jobs of an API take: log-normal, median in seconds; sigma 0 for all the same.",
)
@click.option(
    "--polling",
    multiple=True,
    callback=_polling,
    metavar="API=SECONDS,...",
    help="POLLING_<API>: replaces the polling schedule of an API.",
)
@click.option(
    "--webhooks",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="Part of the jobs whose end is told by an event, of those whose API has one.",
)
@click.option("--lost", type=click.FloatRange(0, 1), default=0.01, show_default=True, help="Part of these events.")
@click.option(
    "--early",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Part of the others, 5 s before the status knows the end.",
)
@click.option(
    "--event-after",
    type=click.FloatRange(0, DAY),
    default=1.0,
    show_default=True,
    help="Seconds from the end of a job to all other events.",
)
@click.option("--arrivals", type=click.Choice(ARRIVALS), default="random", show_default=True)
@click.option("--failing", type=click.FloatRange(0, 1), default=0.1, show_default=True, help="Part that is asked why.")
@click.option("--tier", type=click.Choice([*TIERS]), default="standard", show_default=True)
@click.option("--untold", is_flag=True, help="The app's settings do not name the tier: it learns it from 429s.")
@click.option("--grid", default="0", show_default=True, callback=_grids, help="Seconds; several with commas between.")
@click.option("--queues", type=click.IntRange(1, MOST_QUEUES), default=1, show_default=True, help="TICKETS_QUEUES.")
@click.option(
    "--max-instances",
    type=click.IntRange(1, MOST_INSTANCES),
    default=4,
    show_default=True,
    help="Of each function group: maximumInstanceCount.",
)
@click.option("--alarms/--no-alarms", default=True, show_default=True)
@click.option("--private", is_flag=True, help="privateNetworking.")
@click.option("--always-ready", type=click.IntRange(min=0), default=0, show_default=True, help="Instances, in all.")
@click.option("--zone-redundant", is_flag=True)
@click.option("--most-turns", type=click.IntRange(min=1000), default=100_000, help="Beyond that, a sample flies.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def plan(
    *,
    watches: int,
    starts_per_hour: float | None,
    days: float,
    mix: Mapping[str, float],
    lasting: Mapping[str, Lasting],
    polling: Mapping[str, Schedule],
    webhooks: float,
    lost: float,
    early: float,
    event_after: float,
    arrivals: str,
    failing: float,
    tier: str,
    untold: bool,
    grid: Sequence[float],
    queues: int,
    max_instances: int,
    alarms: bool,
    private: bool,
    always_ready: int,
    zone_redundant: bool,
    most_turns: int,
    seed: int,
    as_json: bool,
) -> None:
    """Say what so many watches would do and cost, in virtual time."""
    count = watches if starts_per_hour is None else max(1, round(starts_per_hour * 24 * days))
    apis = [APIS[name].paced(polling.get(name), scale=1) for name in mix]
    known = {**dict.fromkeys(APIS, OTHERS), **LASTING, **lasting}
    events = Events(told=webhooks, lost=lost, early=early, after=event_after)
    if webhooks and not any(api.event for api in apis):
        having = ", ".join(name for name, api in APIS.items() if api.event)
        raise click.UsageError(f"--webhooks: no API of the mix has an event; those that have one: {having}")
    limits = TIERS[tier]
    rates = [limit.requests * 60 / limit.span for limit in limits]

    def world(turns: float, most: float) -> World:
        simulated = max(1, round(count / max(1.0, turns / most)))
        jobs = make(
            apis=apis,
            parts=[*mix.values()],
            lasting=known,
            count=simulated,
            days=days,
            arrivals=arrivals,
            failing=failing,
            rng=np.random.default_rng(seed),
            sample=simulated < count,
        )
        return World(
            apis=apis,
            jobs=jobs,
            days=days,
            events=events.arrive(apis, jobs, np.random.default_rng([seed, 1])),
            queues=hostjson.read(ROOT).extensions.queues,
            most_instances=max_instances,
            weight=count / simulated,
            seed=seed,
        )

    def expected(waits: Sequence[float]) -> float:
        """About how many turns there would be without a limit, with such waits between those of each API."""
        lasts = (min(known[name].mean, days * DAY) for name in mix)
        each = (part * (1 + long / wait) for part, long, wait in zip(mix.values(), lasts, waits, strict=True))
        return count * sum(each) / sum(mix.values())

    budget = min(rates) * HEADROOM if rates and not untold else None
    turns = min(
        expected([api.polling.delays[-1].total_seconds() for api in apis]),
        *(rate * days * DAY / 60 for rate in rates),
        inf,
    )
    found: dict[float, Figures] = {}
    without: dict[str, Figures] = {}
    while not found:
        sized = world(max(turns, count), most_turns)
        ours = replace(sized, tier=limits, budget=budget, ticket_queues=queues, most_turns=BEYOND * most_turns)
        try:
            found = {seconds: figures(fly(replace(ours, grid=seconds))) for seconds in grid}
            if webhooks:
                without = {"without webhooks": figures(fly(replace(ours, grid=grid[0], events=np.empty(0))))}
        except TooManyTurnsError:  # where watches wait for each other most of the time
            turns = max(turns, count) * FEWER
    poller = figures(loop(world(expected([EVERY] * len(apis)), MOST_OF_A_LOOP)))
    by_the_month = fixed(
        Deployed(
            alarms=alarms,
            private=private,
            always_ready=always_ready,
            zone_redundant=zone_redundant,
            ticket_queues=queues,
        )
    )
    columns = {"app" if as_json else "this app": found[grid[0]], **without, "every 15 s": poller}
    if as_json:
        rows = {f"{seconds:g}": figures.to_json() for seconds, figures in found.items()}
        click.echo(
            json.dumps(
                {
                    **{name: figures.to_json() for name, figures in columns.items()},
                    "grids": rows,
                    "with nothing to do": by_the_month,
                },
                indent=2,
            )
        )
        return
    jobs = "; ".join(
        f"{name} {part:g}, median {known[name].median:g} s, sigma {known[name].sigma:g}" for name, part in mix.items()
    )
    console = Console(highlight=False)
    console.print(f"{count:,} watches in {days:g} days.  Jobs (assumed): {jobs}.\n", soft_wrap=True)
    if webhooks:
        console.print(
            f"{webhooks:.1%} of those whose API has an event are told of by one.  Assumed: {lost:.1%} of the events are"
            f" lost; of the others {early:.1%} come early, the rest {event_after:g} s after the end.\n",
            soft_wrap=True,
        )
    _print(console, columns, found, tier, max_instances)
    named = ", ".join(f"{what} {dollars:.3f}" for what, dollars in by_the_month.items() if dollars)
    console.print(
        f"\nWith nothing to do, $ a day: {sum(by_the_month.values()):.2f} ({named}).  All but the first"
        " come on top of the $ a day above.",
        soft_wrap=True,
    )


def _print(
    console: Console, columns: Mapping[str, Figures], found: dict[float, Figures], tier: str, max_instances: int
) -> None:
    """Draw the figures of the first grid beside others, and those of all grids if there are several."""
    most = next((limit.requests for limit in TIERS[tier]), None)
    console.print(table(columns, tier, most, max_instances))
    for what, figures_ in columns.items():
        if figures_.error:
            console.print(
                f"\nSampled, {what}: {figures_.simulated:,} of {figures_.watches:,} watches; polls and"
                f" dollars to within {100 * figures_.error:.1f} % in 95 of 100 samples.  The most in a minute is less"
                " near, and the busiest second much less (docs/scale.md).",
                soft_wrap=True,
            )
    if len(found) > 1:
        console.print("\nDue times rounded up to a grid:\n")
        console.print(grids(found))
    console.print(
        "\nNothing is late here: in Azure add the host's look at the queue (2 s at most when idle), and a cold start."
        "  The loop knows no limit, and meets none.  Prices: local/plan/prices.py.",
        soft_wrap=True,
    )
