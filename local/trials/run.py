"""``python3 -m local run``: watches the scenario's jobs to their end, and checks each."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

import httpx
from rich.console import Console

from local.parts.stack import RESULTS, stack
from local.trials import verdict
from local.trials.begin import User
from local.trials.board import Board, board
from local.trials.scenario import GROUPS, JOBS, SETTINGS, Job

GIVE_UP = timedelta(seconds=110)

Watched = tuple[Job, str]  #: and the id of its watch

#: When all tokens are revoked: every watch must recover.
REVOKE_AFTER = timedelta(seconds=3)


def run(console: Console) -> None:
    """Run it; exits with 1 unless all watches ended, and were recorded and announced, as expected."""
    console.print("Starting Azurite, the simulated iTwin Platform and the Functions host ...")
    with stack(SETTINGS) as parts:
        apis = len({job.api for job in JOBS})
        console.print(f"Watching {len(JOBS)} jobs of {apis} APIs through {parts.url}/api/watches", highlight=False)
        try:
            with parts.app() as app, parts.simulator_control() as control, parts.simulated_platform() as platform:
                user = User(parts.simulator, app, control, platform)
                watched = [user.begin(job) for job in JOBS]
                with board(console, {group: [job.what for job in jobs] for group, jobs in GROUPS.items()}) as shown:
                    _follow(app, control, watched, user, shown)
        except httpx.HTTPError as error:
            console.print(f"A part stopped working ({error}).  Logs are in {parts.directory}", soft_wrap=True)
            sys.exit(1)
        jobs = [job for job, _ in watched]
        if not _report(jobs, verdict.gather(parts, {job.what: id_ for job, id_ in watched}, jobs), console):
            console.print(f"Logs are in {parts.directory}", soft_wrap=True)
            sys.exit(1)


def _follow(app: httpx.Client, platform: httpx.Client, watched: Sequence[Watched], user: User, board: Board) -> None:
    """Poll the watches until all have ended or time is up, and perform the scenario's user actions."""
    began = time.monotonic()
    to_do: list[tuple[timedelta, Callable[[], object]]] = [
        (REVOKE_AFTER, partial(platform.post, "/tokens", json={"revoke": True})),
        *((job.later.after, partial(user.go_on, job)) for job, _ in watched if job.later),
        *((job.stop_after, partial(app.delete, f"/watches/{id_}")) for job, id_ in watched if job.stop_after),
    ]
    left = [*watched]
    while left and (elapsed := timedelta(seconds=time.monotonic() - began)) < GIVE_UP:
        for job, watch_id in [*left]:
            watch = app.get(f"/watches/{watch_id}").json()
            board.see(job.what, watch)
            if watch["state"] == "ended":
                left.remove((job, watch_id))
        board.show()
        for due, do in to_do:
            if due <= elapsed:
                do()
        to_do = [(due, do) for due, do in to_do if due > elapsed]
        time.sleep(0.25)


def _report(jobs: Sequence[Job], evidence: Mapping[str, verdict.Evidence], console: Console) -> bool:
    """Print the result; returns whether everything is as expected."""
    wrong = {job.what: list(verdict.disagreements(job, evidence[job.what])) for job in jobs}
    for what, complaints in wrong.items():
        for complaint in complaints:
            console.print(f"{what}: {complaint}", style="red", markup=False, soft_wrap=True)
    good = sum(not complaints for complaints in wrong.values())
    text = f"{good} of {len(jobs)} watches ended as expected"
    if good < len(jobs):
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
