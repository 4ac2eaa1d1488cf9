"""``python3 -m local run``: watches the scenario's jobs to their end, and checks each."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
from rich.console import Console

from itwin_job_watch.display import news, progress
from local.parts.stack import RESULTS, Stack, stack
from local.trials import verdict
from local.trials.scenario import JOBS, SETTINGS

GIVE_UP = timedelta(seconds=110)

#: When all tokens are revoked: every watch must recover.
REVOKE_AFTER = timedelta(seconds=3)


def run(console: Console) -> None:
    """Run it; exits with 1 unless all watches ended, and were recorded and announced, as expected."""
    console.print("Starting Azurite, the simulated iTwin Platform and the Functions host ...")
    with stack(SETTINGS) as parts:
        apis = len({job.api for job in JOBS})
        console.print(f"Watching {len(JOBS)} jobs of {apis} APIs through {parts.url}/api/watches", highlight=False)
        try:
            with parts.app() as app, parts.simulator_control() as platform:
                watches = _start(app, platform, parts)
                _follow(app, platform, watches, console)
        except httpx.HTTPError as error:
            console.print(f"A part stopped working ({error}).  Logs are in {parts.directory}", soft_wrap=True)
            sys.exit(1)
        if not _report(verdict.gather(parts, watches, JOBS), console):
            console.print(f"Logs are in {parts.directory}", soft_wrap=True)
            sys.exit(1)


def _start(app: httpx.Client, platform: httpx.Client, parts: Stack) -> dict[str, str]:
    """Script the platform and start the watches; returns their ids by the job's `what`."""
    watches = {}
    for job in JOBS:
        for path, script in {job.path: job.script, **job.documents}.items():
            platform.post("/jobs", json={"path": path, "script": script})
        body: dict[str, Any] = {"labels": job.labels}
        body |= {"url": parts.simulator + job.path} if job.by_url else {"api": job.api, "job": job.ids}
        body |= {"deadline": job.deadline} if job.deadline else {}
        watches[job.what] = app.post("/watches", json=body).json()["id"]
    return watches


def _follow(app: httpx.Client, platform: httpx.Client, watches: Mapping[str, str], console: Console) -> None:
    """Poll the watches until all have ended or time is up, and perform the scenario's user actions."""
    began = time.monotonic()
    to_do = [(REVOKE_AFTER, partial(platform.post, "/tokens", json={"revoke": True}))] + [
        (job.stop_after, partial(app.delete, f"/watches/{watches[job.what]}"))
        for job in JOBS
        if job.stop_after is not None
    ]
    seen: dict[str, dict[str, Any]] = {}
    with progress(console) as bars:
        show = bars if console.is_terminal else news(console)
        while (elapsed := timedelta(seconds=time.monotonic() - began)) < GIVE_UP:
            for what, watch_id in watches.items():
                if what not in seen or seen[what]["state"] == "watching":
                    seen[what] = app.get(f"/watches/{watch_id}").json()
                    show(seen[what], what)
            if all(watch["state"] == "ended" for watch in seen.values()):
                return
            for due, do in to_do:
                if due <= elapsed:
                    do()
            to_do = [(due, do) for due, do in to_do if due > elapsed]
            time.sleep(0.25)


def _report(evidence: Mapping[str, verdict.Evidence], console: Console) -> bool:
    """Print the result; returns whether everything is as expected."""
    wrong = {job.what: list(verdict.disagreements(job, evidence[job.what])) for job in JOBS}
    for what, complaints in wrong.items():
        for complaint in complaints:
            console.print(f"{what}: {complaint}", style="red", markup=False, soft_wrap=True)
    good = sum(not complaints for complaints in wrong.values())
    text = f"{good} of {len(JOBS)} watches ended as expected"
    if good < len(JOBS):
        console.print(f"{text}.", style="red")
        return False
    rows = sum(len(found.rows) for found in evidence.values())
    events = sum(len(found.events) for found in evidence.values())
    console.print(
        f"{text}: {rows} rows in the {RESULTS} table, {events} WatchFinished events received, no poll too early.",
        style="green",
        highlight=False,
        soft_wrap=True,
    )
    return True
