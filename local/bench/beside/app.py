"""The app on its embedded host.  Its server is Azurite, the storage: it logs each request here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil

from local.bench.beside.taken import A_DAY, DELAY, WITHIN, Taken, asleep, taking, wait_until_asked
from local.bench.ground import Ground
from local.bench.starts import in_batches
from shared.web.requests import LARGEST_BATCH

SETTINGS = {"WAIT_SCALE": "1", "POLLING_REPORTING": f"{DELAY.total_seconds():g}"}

LEASE = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class App:
    """A system; see `System`."""

    ground: Ground

    def end(self, jobs: Sequence[str]) -> Taken:
        """Start watches in batches, over HTTP."""
        with self.ground.host() as process, self.ground.parts.app() as app, taking(process, self._azurite) as taken:
            in_batches(app, jobs, LARGEST_BATCH)
            self.ground.wait_until_done(WITHIN)
        return taken

    def sleep(self, jobs: Sequence[str], span: timedelta, runs: int) -> Sequence[Taken]:
        """Make all tickets invisible until tomorrow."""
        self.ground.make(jobs, [datetime.now(UTC) + A_DAY] * len(jobs))
        with self.ground.host() as process:
            all_taken = asleep(process, span, runs, self._azurite)
        self.ground.clear()
        return all_taken

    def wait(self, jobs: Sequence[str]) -> None:
        """The wait begins with the turn, and is kept in whole seconds by the queue."""
        with self.ground.host(SETTINGS), self.ground.parts.app() as app:
            in_batches(app, jobs, LARGEST_BATCH)
            self.ground.wait_until_done(WITHIN)

    def survive(self, jobs: Sequence[str]) -> None:
        """Kill and restart the host; its turns come back when their leases end.  Azurite's files are for tests."""
        with self.ground.host(SETTINGS, LEASE), self.ground.parts.app() as app:
            in_batches(app, jobs, LARGEST_BATCH)
            wait_until_asked(self.ground, jobs)
            self.ground.parts.host.kill()
            self.ground.parts.host.start()
            self.ground.wait_until_done(WITHIN)

    @property
    def _azurite(self) -> psutil.Process:
        return self.ground.parts.azurite.worker
