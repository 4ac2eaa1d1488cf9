"""What all benchmarks stand on: a stack whose host they start and stop, and the app's own engine in this process."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from local.bench.metered import FILE
from local.parts.stack import CLIENT_ID, CLIENT_SECRET, QUEUE, Stack, app_settings, stack
from local.setup.bootstrap import ROOT
from shared import wiring
from shared.apis.reporting import REPORTING
from shared.core.model import Watch
from shared.core.rate_limit import Clearance
from shared.storage.tickets import TicketQueue, TicketQueues

T = TypeVar("T")

#: No delay between turns, so that one is always due.
SETTINGS = {"WAIT_SCALE": "0", "APPLICATIONINSIGHTS_CONNECTION_STRING": ""}

RUNNING = {"body": {"status": {"state": "Running"}}}
SUCCEEDED = {"body": {"status": {"state": "Succeeded"}}}

#: Concurrent calls while watches are created.
AT_ONCE = 16

#: A line of Azurite's log: method and path.
REQUEST = re.compile(r'"(?P<method>[A-Z]+) /devstoreaccount1/(?P<what>\S+) HTTP/')

#: Time for Azurite to log a completed request.
WRITTEN = timedelta(milliseconds=500)


class Late:
    """An open gate that schedules the first turn of a new watch at the given time."""

    def __init__(self, due: datetime) -> None:
        self._due = due

    async def admit(self) -> timedelta:
        """Return the delay until then."""
        return max(timedelta(0), self._due - datetime.now(UTC))

    async def acquire(self, api: str, scheduled: timedelta) -> Clearance:  # noqa: ARG002
        """Return no restriction."""
        return Clearance()

    async def refused(self, api: str, asked_at: datetime, retry_after: timedelta) -> Clearance:  # noqa: ARG002
        """Do nothing."""
        return Clearance()


@dataclass(slots=True)
class Ground:
    """A stack without its host, and an event loop."""

    parts: Stack
    runner: asyncio.Runner

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it on the event loop of the app's clients."""
        return self.runner.run(work)

    def make(self, jobs: Sequence[str], dues: Sequence[datetime] | None = None) -> list[Watch]:
        """Start a watch per job, as the app does, with its first turn at `dues` or at once."""
        dues = dues or [datetime.now(UTC)] * len(jobs)

        async def start_all() -> list[Watch]:
            free = asyncio.Semaphore(AT_ONCE)

            async def start(job: str, due: datetime) -> Watch:
                async with free:
                    late = replace(wiring.intake().starter, gate=Late(due))
                    now = datetime.now(UTC)
                    started = await late.start(REPORTING, {"jobId": job}, now, now + timedelta(days=30))
                    return started.watch

            return await asyncio.gather(*map(start, jobs, dues))

        return self.run(start_all())

    def token(self) -> str:
        """Return an access token of the platform."""
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "scope": "itwin-platform",
        }
        granted = httpx.post(f"{self.parts.simulator}/connect/token", data=form, trust_env=False)
        granted.raise_for_status()
        return str(granted.json()["access_token"])

    def requests(self) -> Sequence[Mapping[str, Any]]:
        """List the requests to the platform so far."""
        with self.parts.simulator_control() as platform:
            asked: list[dict[str, Any]] = platform.get("/requests").json()["requests"]
        return asked

    def polls(self) -> Counter[str]:
        """Count the requests by path."""
        return Counter(request["path"] for request in self.requests())

    def script(self, jobs: Sequence[str], *answers: object) -> None:
        """Script the platform's responses for each job, poll by poll."""
        with self.parts.simulator_control() as platform:
            for job in jobs:
                platform.post("/jobs", json={"path": path(job), "script": answers})

    @contextmanager
    def host(
        self, settings: Mapping[str, str] | None = None, lease: timedelta | None = None
    ) -> Iterator[psutil.Process]:
        """Run the host, with additional settings, and leases of Azure's length or another.

        Yields its worker process, which does all measured work; the parent only waits.
        """
        service = self.parts.host
        usual = service.env, service.command
        service.env = {**service.env, **(settings or {})}
        if lease is not None:
            service.command = [*service.command, "--lease", f"{lease.total_seconds():.0f}"]
        try:
            with service.running():
                yield service.worker
        finally:
            service.env, service.command = usual

    @contextmanager
    def metered_host(self, tree: Path = ROOT) -> Iterator[psutil.Process]:
        """Run only the host's worker, with its parts metered; see `spent`.  `tree` has the code of both."""
        with self.of(tree, module="local.bench.metered"), self.host({FILE: str(self._meter)}) as process:
            yield process

    @contextmanager
    def of(self, tree: Path, python: Path | None = None, module: str = "local.host") -> Iterator[None]:
        """Take host and app from another tree, run by another Python, or by another module."""
        service = self.parts.host
        usual = service.command, service.directory
        other = {"local.host": module, str(ROOT): str(tree), sys.executable: str(python or sys.executable)}
        service.command, service.directory = [other.get(word, word) for word in service.command], tree
        try:
            yield
        finally:
            service.command, service.directory = usual

    def trees(self, against: str | None) -> Mapping[str, Path]:
        """Return the code that is measured, by revision: that to compare with, if any, and "", which is this one."""
        return {**({against: self.checked_out(against)} if against else {}), "": ROOT}

    def checked_out(self, revision: str) -> Path:
        """Return a tree with the code of another revision, which disappears with the stack."""
        tree = self.parts.directory / f"tree-{revision.replace('/', '-')}"
        if tree.exists():  # another benchmark's
            return tree
        tree.mkdir()
        packed = subprocess.run(["git", "archive", revision], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(tree, filter="data")
        return tree

    def spent(self, process: psutil.Process) -> Mapping[str, float]:
        """Return the processor seconds of a metered host so far, by part."""
        self._meter.unlink(missing_ok=True)
        process.send_signal(signal.SIGUSR1)
        while process.is_running() and not self._meter.exists():
            time.sleep(0.01)
        read: dict[str, float] = json.loads(self._meter.read_text())
        return read

    @property
    def _meter(self) -> Path:
        return self.parts.directory / "metered.json"

    @contextmanager
    def storage_requests(self) -> Iterator[Counter[str]]:
        """Count requests to storage from Azurite's log; complete when the block has ended.

        "looks for tickets" and "other looks" fetch messages, "lengths" read the properties of a queue, as `tickets`
        does; "queues" are the other requests to queues.  "scans" read tables, "tables" are requests for one row.
        """
        log, counted = self.parts.azurite.log, Counter[str]()
        time.sleep(WRITTEN.total_seconds())
        begin = log.stat().st_size
        yield counted
        time.sleep(WRITTEN.total_seconds())
        with log.open("rb") as lines:
            lines.seek(begin)
            counted.update(_kind(line) for line in REQUEST.finditer(lines.read().decode()))

    def tickets(self) -> int:
        """Return the number of tickets, visible or not."""
        return self.run(
            TicketQueues([TicketQueue(queue, lambda: datetime.now(UTC)) for queue in wiring.queues().tickets]).count()
        )

    def wait_until_done(self, within: timedelta) -> None:
        """Wait until no ticket is left: every open watch has one."""
        give_up = time.monotonic() + within.total_seconds()
        while self.tickets():
            if time.monotonic() > give_up:
                raise TimeoutError(f"{self.tickets()} watches have not ended within {within}")
            time.sleep(0.1)

    def clear(self) -> None:
        """Delete all tickets and watches: tending would send new tickets otherwise."""

        async def clear() -> None:
            for queue in wiring.queues().tickets:
                await queue.clear_messages()
            for table in (wiring.tables().watches, wiring.tables().open):
                await table.delete_table()
                await table.create_table()

        self.run(clear())


def _kind(request: re.Match[str]) -> str:
    reads, what = request["method"] == "GET", request["what"]
    if not what.startswith(QUEUE):
        return "scans" if reads and "RowKey=" not in what else "tables"
    if "comp=metadata" in what:
        return "lengths"
    if reads and "/messages?" in what:
        return "looks for tickets" if what.startswith(f"{QUEUE}/") else "other looks"
    return "queues"


def path(job: str) -> str:
    """Return the status path of a job."""
    return REPORTING.path.format(jobId=job)


def processor_seconds(process: psutil.Process) -> float:
    """Return the processor seconds of all its threads so far."""
    used = process.cpu_times()
    return float(used.user + used.system)


@contextmanager
def ground() -> Iterator[Ground]:
    """Prepare the test bed, with the host stopped."""
    with stack(SETTINGS, log_requests=True) as parts, asyncio.Runner() as runner:
        parts.host.stop()
        os.environ.update({**app_settings(parts.storage, parts.simulator), **SETTINGS})
        for part in vars(wiring).values():
            if hasattr(part, "cache_clear"):
                part.cache_clear()
        prepared = Ground(parts, runner)
        try:
            yield prepared
        finally:
            prepared.run(_close())


async def _close() -> None:
    queues, tables = wiring.queues(), wiring.tables()
    clients = [getattr(tables, field.name) for field in fields(tables)]
    for client in (*clients, *queues.tickets, queues.callback_tickets):
        await client.close()
    known = wiring.settings()
    for url in {known.api_url, known.token_url}:
        await wiring.transport(url).aclose()
