"""``python3 -m local pictures``: the workbook's charts as pictures for docs/operate.md, from a run on this machine.

The app watches simulated jobs for a minute; the workbook's own queries then run over its events.  A second of the run
is shown as ten minutes, so that the charts span hours; only times are changed, no other number.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import matplotlib as mpl
from matplotlib import dates
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from rich.console import Console

from local.docs import kusto
from local.parts.stack import stack
from local.setup.bootstrap import ROOT
from local.trials.scenario import SCRIPTED, Job

PICTURES = ROOT / "docs" / "pictures"
SETTINGS = {"WAIT_SCALE": "0.05"}
WATCHES = 160
LASTS = timedelta(seconds=60)
STRETCH = 600
LABEL = "Rendered from a run on one machine with simulated jobs; a second is shown as ten minutes."

#: As in the workbook.
COLOURS = {
    "succeeded": "#57a300",
    "partial": "#e8c400",
    "failed": "#e3262f",
    "cancelled": "#8a8886",
    "expired": "#ff8c00",
    "lost": "#8764b8",
    "refused": "#8e562e",
    "stopped": "#5db0e0",
    "abandoned": "#7a1620",
}

Draw = Callable[[Axes, kusto.Rows], None]


def pictures(console: Console) -> None:
    """Run watches, run the queries, and draw the charts."""
    console.print(f"Running {WATCHES} watches for {LASTS.total_seconds():.0f} s ...", highlight=False)
    database = kusto.load(_stretched(_run()))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, draw in CHARTS.items():
        chart = kusto.charts()[name]
        path = PICTURES / f"{name.replace(' ', '-')}.png"
        _save(path, chart["title"], draw, kusto.run(database, chart["query"]))
        console.print(f"Drew {path.relative_to(ROOT)}", highlight=False)


def _run() -> Sequence[Mapping[str, Any]]:
    """Start watches over time, and count them often; returns the envelopes that the app sent."""
    random_ = random.Random(1)  # noqa: S311 -- the same jobs in each run
    jobs = list(_jobs(random_))
    began = time.monotonic()
    with stack(SETTINGS) as parts, parts.app() as app, parts.simulator_control() as platform:
        for number, job in enumerate(jobs):
            wait = began + number / len(jobs) * LASTS.total_seconds() * 0.8 - time.monotonic()
            time.sleep(max(0.0, wait))
            platform.post("/jobs", json={"path": job.path, "script": job.script})
            deadline = {"deadline": job.deadline} if job.deadline else {}
            app.post("/watches", json={"api": job.api, "job": job.ids, "labels": job.labels, **deadline})
            if number % 6 == 0:
                _count(app, parts.url)
        while time.monotonic() < began + LASTS.total_seconds():
            _count(app, parts.url)
            time.sleep(2)
        return list(platform.get("/events").json()["events"])


def _count(app: httpx.Client, url: str) -> None:
    app.post(f"{url}/admin/functions/tend_watches", json={})


def _jobs(random_: random.Random) -> Iterator[Job]:
    """Yield the scenario's scripted jobs repeatedly, mostly successful ones, with new ids and a bit longer."""
    weights = [6 if job.outcome == "succeeded" else 1 for job in SCRIPTED]
    for number, job in enumerate(random_.choices(SCRIPTED, weights, k=WATCHES)):
        name, id_ = list(job.ids.items())[-1]
        ids = {**job.ids, name: f"{id_}-{number}"}
        first, *rest = job.script
        patience = [first] * random_.randint(0, 6) if rest else []
        deadline = "PT8S" if job.deadline else None
        path = job.path.replace(id_, f"{id_}-{number}")
        yield replace(job, ids=ids, path=path, script=[*patience, *job.script], deadline=deadline)


def _stretched(envelopes: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    last = max(datetime.fromisoformat(envelope["time"]) for envelope in envelopes)
    for envelope in envelopes:
        ago = last - datetime.fromisoformat(envelope["time"])
        yield {**envelope, "time": (last - ago * STRETCH).isoformat()}


def _save(path: Path, title: str, draw: Draw, rows: kusto.Rows) -> None:
    mpl.use("agg")
    figure, axes = plt.subplots(figsize=(7, 3), dpi=100, layout="constrained")
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes, rows)
    axes.set_xlabel(LABEL, loc="right", fontsize=6, color="#605e5c")
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def _outcomes(axes: Axes, rows: kusto.Rows) -> None:
    names = [row["outcome"] for row in rows]
    bars = axes.bar(names, [row["watches"] for row in rows], color=[COLOURS[name] for name in names])
    axes.bar_label(bars)
    axes.tick_params(axis="x", labelsize=8)


def _per_hour(axes: Axes, rows: kusto.Rows) -> None:
    hours = sorted({row["timestamp"] for row in rows})
    below = dict.fromkeys(hours, 0)
    for outcome, colour in COLOURS.items():
        counts = {row["timestamp"]: row["watches"] for row in rows if row["outcome"] == outcome}
        if counts:
            heights = [counts.get(hour, 0) for hour in hours]
            axes.bar(_times(hours), heights, bottom=[*below.values()], color=colour, label=outcome, width=0.8)
            below = {hour: below[hour] + counts.get(hour, 0) for hour in hours}
    axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _times(hours: Sequence[datetime]) -> list[str]:
    return [f"{hour:%H:%M}" for hour in hours]


def _side_by_side(*columns: str, colours: Sequence[str]) -> Draw:
    def draw(axes: Axes, rows: kusto.Rows) -> None:
        width = 0.8 / len(columns)
        for index, (column, colour) in enumerate(zip(columns, colours, strict=True)):
            places = [place + index * width for place in range(len(rows))]
            axes.bar_label(
                axes.bar(places, [row[column] for row in rows], width, color=colour, label=column), fontsize=7
            )
        middle = width * (len(columns) - 1) / 2
        axes.set_xticks([place + middle for place in range(len(rows))], [row["api"] for row in rows])
        axes.legend(fontsize=7, frameon=False)

    return draw


def _over_time(axes: Axes, rows: kusto.Rows) -> None:
    for api in sorted({row["api"] for row in rows}):
        mine = [row for row in rows if row["api"] == api]
        axes.plot([row["timestamp"] for row in mine], [row["open"] for row in mine], label=api)
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7, frameon=False)


CHARTS: Mapping[str, Draw] = {
    "outcomes": _outcomes,
    "open over time": _over_time,
    "finished per hour": _per_hour,
    "durations": _side_by_side("p50", "p95", colours=["#5db0e0", "#0f548c"]),
    "effort": _side_by_side("polls", "faults", "throttled", colours=["#5db0e0", "#ff8c00", "#e3262f"]),
}
