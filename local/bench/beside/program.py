"""An alternative: a program in its own environment, with a file as input and messages on its stdout."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import psutil

from local.bench.beside.servers import Server, Serving
from local.bench.beside.taken import A_DAY, DELAY, Taken, asleep, taking, wait_until_asked
from local.bench.beside.work import ENDED, READY, STARTED, Work, write
from local.bench.ground import Ground, path
from local.setup.bootstrap import ROOT
from shared.apis.reporting import REPORTING


@dataclass(frozen=True, slots=True)
class Program:
    """A system; see `System`."""

    ground: Ground
    python: Path
    module: str
    serving: Serving | None = None  #: its server

    def end(self, jobs: Sequence[str]) -> Taken:
        """Measure from when it is ready until it reports that all have ended."""
        with (
            self._work(jobs) as (work, server),
            self._running(work) as run,
            taking(run.process, server and server.service.worker) as taken,
        ):
            run.until(ENDED)
        return taken

    def sleep(self, jobs: Sequence[str], span: timedelta, runs: int) -> Sequence[Taken]:
        """Let all jobs wait until tomorrow, after one poll each."""
        with self._work(jobs, A_DAY) as (work, server), self._running(work) as run:
            run.until(STARTED)
            wait_until_asked(self.ground, jobs)
            return asleep(run.process, span, runs, server and server.service.worker)

    def wait(self, jobs: Sequence[str]) -> None:
        """Run it until it reports that all have ended."""
        with self._work(jobs, DELAY) as (work, _), self._running(work) as run:
            run.until(ENDED)

    def survive(self, jobs: Sequence[str], *, server_too: bool = False) -> None:
        """Kill and restart it, and its server if wanted, with their files."""
        with self._work(jobs, DELAY) as (work, server):
            with self._running(work):
                wait_until_asked(self.ground, jobs)
            if server and server_too:
                server.restart_killed()
            with self._running(replace(work, resumes=True)) as run:
                run.until(ENDED)

    @contextmanager
    def _work(self, jobs: Sequence[str], delay: timedelta = timedelta(0)) -> Iterator[tuple[Work, Server | None]]:
        """Yield the work and its server, which runs during the block and knows no other work."""
        state = tempfile.mkdtemp(prefix="beside-", dir=self.ground.parts.directory)
        with self.serving(Path(state)) if self.serving else nullcontext() as server:
            work = Work(
                url=self.ground.parts.simulator,
                headers={**REPORTING.headers, "Authorization": f"Bearer {self.ground.token()}"},
                paths=[path(job) for job in jobs],
                delay=delay.total_seconds(),
                state=state,
                server=server.addresses if server else {},
            )
            yield work, server

    @contextmanager
    def _running(self, work: Work) -> Iterator[Run]:
        """Run it during the block, which begins when it is ready, and kill it at the end."""
        file, log = Path(work.state, "work.json"), Path(work.state, "log")
        write(work, file)
        command = [str(self.python), "-m", f"{__package__}.{self.module}", str(file)]
        with (
            log.open("ab") as errors,
            subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            ) as child,
        ):
            try:
                run = Run(child, log)
                run.until(READY)
                yield run
            finally:
                child.kill()


class Run:
    """A running program."""

    def __init__(self, child: subprocess.Popen[str], log: Path) -> None:
        self.process = psutil.Process(child.pid)
        self._child, self._log = child, log

    def until(self, word: str) -> None:
        """Wait for its message."""
        for line in self._child.stdout or ():
            if line.strip() == word:
                return
        raise ChildProcessError(f"ended before it was {word}:\n{self._log.read_text(errors='replace')[-2000:]}")
