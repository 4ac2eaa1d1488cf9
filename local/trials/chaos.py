"""``python3 -m local chaos``: runs many watches while everything they depend on breaks.

It kills the host with SIGKILL, and restarts it with one more ticket queue, up to three; or it kills only the worker,
which the host restarts until too many have died and it exits.  It copies and deletes tickets, stops and starts storage,
and revokes tokens; the platform returns 5xx, 429 and broken bodies, responds late, or drops connections.  Its webhook
tells of ends that have not come: the events are lost, doubled, late, out of order or wrongly signed, and others are
forged or replayed.  In the end every watch must have the outcome of its job, one row of results and at least one event,
no poll may have been earlier than allowed, and no forged event may have been accepted.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from azure.core.exceptions import AzureError
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueClient
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from local.parts.stack import DIRECT, QUEUE, WATCHES, Stack, stack
from local.trials import events
from local.trials.events import Events
from local.trials.scenario import Answer, Job, access_control, reality_analysis, reporting, schedules, synchronization
from local.trials.told import believed
from local.trials.verdict import Evidence, early_polls, gather, wrong_ends
from shared.apis import APIS
from shared.settings import queue_name

#: A twentieth of the real delays.  A failed turn is retried after 2 s, and a killed one when its lease of 8 s ends,
#: instead of 1 and 10 minutes in Azure.
SCALE = 0.05
SETTINGS = {
    "WAIT_SCALE": str(SCALE),
    "ITWIN_REQUESTS_PER_MINUTE": "100000",  # the 429s here are disturbances, not a limit
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:02",
    "LOCAL_HOST_RESTART_INTERVAL": "0.5",
    **events.SETTINGS,
}
LEASE = timedelta(seconds=8)

OUTAGE = timedelta(seconds=5)
TEND_EVERY = timedelta(seconds=10)

#: Ticket queues after the first kills.
GROWN_TO = 3

#: Time for all watches to end after the last disturbance.
SETTLE_WITHIN = timedelta(minutes=5)

DISTURBANCES: Sequence[Answer] = (
    {"status": 500},
    {"status": 502, "body": "<html><h1>Bad Gateway</h1></html>"},
    {"status": 503, "headers": {"retry-after": "2"}},
    {"status": 429, "headers": {"retry-after": "1"}},
    {"status": 429, "headers": {"retry-after": "3"}},
    {"status": 404},
    {"drop": True},
    {"status": 504, "delay": 3},
    {"body": '{"status": {"state": "Succ'},
)

#: Each job that an event may tell of is held back once, for long enough to be told of.  A 429 would hold back all of
#: its API: no event could get past that.
HELD_BACK: Answer = {"status": 503, "headers": {"retry-after": "5"}}

#: Each kind of job: the response for a status word, the word while it runs, and its possible ends.
KINDS: Sequence[tuple[Callable[..., Job], Callable[[str], Any], str, Sequence[tuple[str, str]]]] = (
    (
        access_control,
        lambda word: {"status": word},
        "Active",
        [("Completed", "succeeded"), ("PartialCompleted", "partial"), ("Failed", "failed")],
    ),
    (
        reality_analysis,
        lambda word: {"progress": {"state": word}},
        "active",
        [("success", "succeeded"), ("failed", "failed"), ("cancelled", "cancelled")],
    ),
    (
        reporting,
        lambda word: {"status": {"state": word}},
        "Running",
        [("Succeeded", "succeeded"), ("Failed", "failed")],
    ),
    (
        schedules,
        lambda word: {"operation": {"status": word}},
        "Started",
        [("Succeeded", "succeeded"), ("Failed", "failed")],
    ),
    (
        synchronization,
        lambda word: {"run": {"state": "Executing" if word == "Undetermined" else "Completed", "result": word}},
        "Undetermined",
        [("Success", "succeeded"), ("PartialSuccess", "partial"), ("Error", "failed"), ("Cancelled", "cancelled")],
    ),
)


@dataclass(slots=True)
class Mishaps:
    """What was broken, and when."""

    kills: list[datetime] = field(default_factory=list)  #: of the host, or of its worker only
    worker_kills: int = 0
    hosts_that_ended: int = 0
    queues: int = 1
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)
    copies: int = 0
    losses: int = 0
    revocations: int = 0

    def between(self, one: datetime, other: datetime) -> bool:
        """Return whether a worker or storage failed between two instants, so that a response may have been lost."""
        return any(one <= kill <= other for kill in self.kills) or any(
            one <= end and start <= other for start, end in self.outages
        )


def chaos(console: Console, watches: int, kills: int, seed: int) -> None:
    """Run it; exits with 1 if anything was lost, doubled, early or unannounced."""
    rng = random.Random(seed)  # noqa: S311 -- makes a run repeatable
    jobs = [_job(rng, number) for number in range(watches)]
    console.print(f"Starting {watches} watches, with {kills} kills (seed {seed}) ...")
    with stack(SETTINGS, lease=LEASE) as parts:
        told = Events(parts, jobs, rng)
        run = _Run(parts, jobs, rng, told, console)
        ids = run.go(kills)
        evidence = gather(parts, ids, jobs, told.attempts)
        if not _report(jobs, evidence, run.mishaps, told.woke, console):
            console.print(f"Logs are in {parts.directory}", soft_wrap=True)
            sys.exit(1)


def _job(rng: random.Random, number: int) -> Job:
    """Return a job that runs for a while, is disturbed, and ends."""
    make, body, running, ends = KINDS[number % len(KINDS)]
    word, outcome = rng.choice(ends)
    turns: list[Answer] = [{"body": body(running)}] * rng.randint(2, 6)
    turns += rng.sample(DISTURBANCES, rng.randint(0, 3))
    rng.shuffle(turns)
    job = make(f"job {number}", [*turns, {"body": body(word)}], outcome)
    if not APIS[job.api].event:
        return job
    when = rng.randrange(len(turns))
    return replace(job, script=[*job.script[:when], HELD_BACK, *job.script[when:]])


class _Run:
    """One run."""

    def __init__(self, parts: Stack, jobs: Sequence[Job], rng: random.Random, told: Events, console: Console) -> None:
        self.parts, self.jobs, self.rng, self.told, self.console = parts, jobs, rng, told, console
        self.mishaps = Mishaps()
        self.app, self.platform = parts.app(), parts.simulator_control()
        self.queues = [self._queue(0)]
        self.tables = TableServiceClient.from_connection_string(parts.storage, **DIRECT)

    def go(self, kills: int) -> Mapping[str, str]:
        """Start all watches, break things, and wait until all have ended; returns the watch ids."""
        for job in self.jobs:
            self.platform.post("/jobs", json={"path": job.path, "script": job.script})
        with ThreadPoolExecutor(8) as starters:
            starting = [starters.submit(self._start, job) for job in self.jobs]
            for act in self._plan(kills):
                time.sleep(self.rng.uniform(0.3, 1.5))
                self._revive()
                self.told.hurry()
                act()
            ids = {job.what: started.result() for job, started in zip(self.jobs, starting, strict=True)}
        self._settle()
        return ids

    def _plan(self, kills: int) -> list[Callable[[], None]]:
        hosts = (kills + 2) // 3  # few enough that several workers die in a row, and a host exits
        plan: list[Callable[[], None]] = [self._kill] * hosts + [self._kill_worker] * (kills - hosts)
        plan += [self._revoke] * 2
        plan += [self._copy_tickets] * max(4, kills) + [self._lose_ticket] * max(2, kills // 4)
        plan += [self.told.tell] * max(8, 2 * kills) + [self.told.forge] * 2 + [self.told.replay] * 2
        self.rng.shuffle(plan)
        plan.insert(len(plan) // 2, self._storage_outage)
        return plan

    def _start(self, job: Job) -> str:
        """Start a watch; retries like a client whose host was killed."""
        give_up = time.monotonic() + SETTLE_WITHIN.total_seconds()
        while True:
            try:
                started: str = self.app.post("/watches", json={"api": job.api, "job": dict(job.ids)}).json()["id"]
            except httpx.HTTPError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.3)
            else:
                return started

    def _queue(self, number: int) -> QueueClient:
        return QueueClient.from_connection_string(self.parts.storage, queue_name(QUEUE, number), **DIRECT)

    def _kill(self) -> None:
        self.mishaps.kills.append(datetime.now(UTC))
        self.parts.host.kill()
        if len(self.queues) < GROWN_TO:
            self._add_queue()
        self.parts.host.start()

    def _kill_worker(self) -> None:
        """Kill the worker, or the host if there is no worker now."""
        if self.parts.host.kill_worker():
            self.mishaps.kills.append(datetime.now(UTC))
            self.mishaps.worker_kills += 1
        else:
            self._kill()

    def _revive(self) -> None:
        """Restart the host if it has exited, as Azure does."""
        if self.parts.host.process.poll() is not None:
            self.mishaps.hosts_that_ended += 1
            self.parts.host.start()

    def _add_queue(self) -> None:
        """Add a ticket queue for the next start of the app; watches in flight need no change."""
        added = self._queue(len(self.queues))
        added.create_queue()  # otherwise copying and deleting tickets would have to wait for the app to create it
        self.queues.append(added)
        self.mishaps.queues += 1
        self.parts.host.env = {**self.parts.host.env, "TICKETS_QUEUES": str(len(self.queues))}

    def _revoke(self) -> None:
        self.mishaps.revocations += 1
        self.platform.post("/tokens", json={"revoke": True})

    def _storage_outage(self) -> None:
        began = datetime.now(UTC)
        self.parts.azurite.stop()
        time.sleep(OUTAGE.total_seconds())
        self.parts.azurite.start()
        self.mishaps.outages.append((began, datetime.now(UTC) + timedelta(seconds=2)))  # time for clients to notice

    def _copy_tickets(self) -> None:
        """Send the current tickets of some watches again, some of them early."""
        rows = self.tables.get_table_client(WATCHES).list_entities(select=["Id", "Seq", "Published"])
        running = [row for row in rows if not row["Published"]]
        for row in self.rng.sample(running, min(5, len(running))):
            text = json.dumps({"id": row["Id"], "seq": row.get("Seq", 0)})
            self.rng.choice(self.queues).send_message(
                text, visibility_timeout=self.rng.choice([0, 1, 3]), time_to_live=-1
            )
            self.mishaps.copies += 1

    def _lose_ticket(self) -> None:
        queue = self.rng.choice(self.queues)
        for message in queue.receive_messages(max_messages=1, visibility_timeout=5):
            queue.delete_message(message)
            self.mishaps.losses += 1

    def _settle(self) -> None:
        """Wait until every watch is published and the queues are empty; tends regularly, as the timer does."""
        give_up = time.monotonic() + SETTLE_WITHIN.total_seconds()
        tend_at = 0.0
        with Progress(console=self.console, transient=True) as progress:
            task = progress.add_task("Settling", total=len(self.jobs))
            while time.monotonic() < give_up:
                self._revive()
                try:
                    left = self._unpublished()
                    if left == 0 and not any(
                        queue.get_queue_properties().approximate_message_count for queue in self.queues
                    ):
                        return
                    progress.update(task, completed=len(self.jobs) - left)
                    if time.monotonic() > tend_at:
                        self.app.post(f"{self.parts.url}/admin/functions/tend_watches", json={})
                        tend_at = time.monotonic() + TEND_EVERY.total_seconds()
                except (AzureError, httpx.HTTPError) as error:
                    self.console.print(f"[dim]{type(error).__name__} while waiting; retrying[/]")
                time.sleep(0.5)

    def _unpublished(self) -> int:
        rows = self.tables.get_table_client(WATCHES).query_entities("Published eq false", select=["Id"])
        return sum(1 for _ in rows)


def _report(
    jobs: Sequence[Job], evidence: Mapping[str, Evidence], mishaps: Mishaps, woke: int, console: Console
) -> bool:
    def count(wrong: Callable[[Job, Evidence], bool]) -> int:
        return sum(wrong(job, evidence[job.what]) for job in jobs)

    def all_of(complaints: Callable[[Job, Evidence], Iterator[str]]) -> list[str]:
        return [f"{job.what}: {complaint}" for job in jobs for complaint in complaints(job, evidence[job.what])]

    early = all_of(lambda job, found: early_polls(job, found, APIS[job.api].polling.delays[0] * SCALE, mishaps.between))
    wrong = all_of(wrong_ends)
    forged = all_of(lambda _, found: believed(found.told))
    told = [attempt for found in evidence.values() for attempt in found.told]
    figures = {
        "watches": len(jobs),
        "kills": len(mishaps.kills),
        "of them workers": mishaps.worker_kills,
        "hosts that ended": mishaps.hosts_that_ended,
        "queues in the end": mishaps.queues,
        "duplicates": mishaps.copies,
        "tickets lost": mishaps.losses,
        "outages": len(mishaps.outages),
        "tokens revoked": mishaps.revocations,
        "events": len({attempt["messageId"] for attempt in told}),
        "of them wrongly signed": len({one["messageId"] for one in told if not one["rightlySigned"]}),
        "of them woke a watch": woke,
        "polls": sum(len(found.requests) for found in evidence.values()),
        "early polls": len(early),
        "forged and accepted": len(forged),
        "lost": count(lambda job, found: found.watch["outcome"] != job.outcome),
        "double rows": count(lambda _, found: len(found.rows) > 1),
        "unannounced": count(lambda _, found: not found.events),
    }
    table = Table(box=None, show_header=False)
    for name, figure in figures.items():
        table.add_row(name, str(figure))
    console.print(table)
    for complaint in [*early, *forged, *wrong][:20]:
        console.print(complaint, style="red", markup=False, soft_wrap=True)
    return not early and not forged and not wrong
