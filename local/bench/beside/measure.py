"""The cost of the same work for the app and the alternatives, and what survives a kill."""

from __future__ import annotations

import functools
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from local.bench.beside.app import App
from local.bench.beside.program import Program
from local.bench.beside.servers import (
    CannotRunError,
    Serving,
    needs_postgres,
    postgres,
    restate,
    restate_program,
)
from local.bench.beside.taken import DELAY, System
from local.bench.ground import RUNNING, SUCCEEDED, Ground, path
from local.bench.spread import Figures, Spread
from local.setup.bootstrap import environment_apart
from local.setup.venv import say

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class Alternative(NamedTuple):
    """A program, what it needs of the machine, and its server."""

    module: str  #: of this package
    needs: Callable[[], object] = lambda: None  #: raises CannotRunError
    serving: Serving | None = None


def _recent_sqlite() -> None:
    """From Python 3.12 on DBOS writes `unixepoch('subsec')`, which an older SQLite evaluates to null.

    https://sqlite.org/releaselog/3_42_0.html
    """
    if sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42):
        raise CannotRunError(f"on this Python it needs SQLite 3.42 or newer, and this is {sqlite3.sqlite_version}")


#: By display name.
ALTERNATIVES = {
    "a loop": Alternative("loop"),
    "Durable Task": Alternative("durable_task"),
    "DBOS on SQLite": Alternative("dbos_workflow", _recent_sqlite),
    "DBOS on PostgreSQL": Alternative("dbos_workflow", needs_postgres, postgres),
    "Restate": Alternative("restate_workflow", restate_program, restate),
}

#: Jobs in the kill test.
KILLED = 20

#: Polls per job where watches wait between them.
WAITING_POLLS = 3


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of the measurements."""

    watches: int
    polls: int  #: per watch
    asleep: int  #: waiting watches
    span: timedelta  #: how long these are measured
    runs: int


def beside(ground: Ground, sizes: Sizes) -> Figures:
    """Measure the app and the alternatives, one after the other."""
    python = environment_apart("beside", REQUIREMENTS)
    systems: dict[str, System] = {"this app": App(ground)}
    systems |= {name: Program(ground, python, one.module, one.serving) for name, one in runnable().items()}
    figures: Figures = {}
    for name, system in systems.items():
        figures |= _turns(name, system, ground, sizes)
    for name, system in systems.items():
        figures |= _asleep(name, system, ground, sizes)
    for name, system in systems.items():
        figures |= _waits(name, system, ground, sizes)
    for name, system in systems.items():
        figures |= {f"{name}: saw the end after a kill, of {KILLED}": _killed(name, system.survive, ground)}
        if isinstance(system, Program) and system.serving:
            both = functools.partial(system.survive, server_too=True)
            figures |= {f"{name}: the same, its server killed too": _killed(f"{name} too", both, ground)}
    return figures


def runnable() -> Mapping[str, Alternative]:
    """Return those that can run here; tells why the others cannot."""
    found = {}
    for name, alternative in ALTERNATIVES.items():
        try:
            alternative.needs()
        except CannotRunError as error:
            say(f"{name} is skipped: {error}.")
        else:
            found[name] = alternative
    return found


def _turns(name: str, system: System, ground: Ground, sizes: Sizes) -> Figures:
    taken, turns = [], sizes.watches * sizes.polls
    for run in range(sizes.runs):
        jobs = _jobs(f"{name} {run}", sizes.watches)
        ground.script(jobs, *[RUNNING] * (sizes.polls - 1), SUCCEEDED)
        taken.append(system.end(jobs))
    figures = {
        f"{name}: turns, starts included": Spread([turns / one.seconds for one in taken], "a second"),
        f"{name}: processor of 1,000": Spread([1000 * one.processor / turns for one in taken], "s"),
    }
    if all(one.has_server for one in taken):
        served = Spread([1000 * one.server_processor / turns for one in taken], "s")
        figures[f"{name}: processor of 1,000, its server"] = served
    return figures


def _asleep(name: str, system: System, ground: Ground, sizes: Sizes) -> Figures:
    jobs = _jobs(f"{name} asleep", sizes.asleep)
    ground.script(jobs, RUNNING)
    taken = system.sleep(jobs, sizes.span, sizes.runs)
    figures = {
        f"{name}: processor of an hour, all asleep": Spread([3600 * one.processor / one.seconds for one in taken], "s"),
        f"{name}: memory, all asleep": Spread([one.memory for one in taken], "MB"),
    }
    if all(one.has_server for one in taken):
        served = Spread([3600 * one.server_processor / one.seconds for one in taken], "s")
        figures[f"{name}: processor of an hour, all asleep, its server"] = served
        figures[f"{name}: memory, all asleep, its server"] = Spread([one.server_memory for one in taken], "MB")
    return figures


def _waits(name: str, system: System, ground: Ground, sizes: Sizes) -> Figures:
    late: list[list[float]] = []
    for run in range(sizes.runs):
        jobs = _jobs(f"{name} waits {run}", sizes.watches)
        ground.script(jobs, *[RUNNING] * (WAITING_POLLS - 1), SUCCEEDED)
        system.wait(jobs)
        late.append(list(_beyond_delay(ground, jobs)))
    return {
        f"{name}: beyond the wait between polls, {part}": Spread([float(np.percentile(one, cut)) for one in late], "s")
        for part, cut in (("p50", 50), ("p95", 95))
    }


def _beyond_delay(ground: Ground, jobs: Sequence[str]) -> Iterator[float]:
    """Yield by how much each poll after the first came later than `DELAY` after the one before, in seconds."""
    asked: dict[str, list[datetime]] = {path(job): [] for job in jobs}
    for request in ground.requests():
        if request["path"] in asked:
            asked[request["path"]].append(datetime.fromisoformat(request["time"]))
    for times in asked.values():
        for before, after in pairwise(sorted(times)):
            yield (after - before - DELAY).total_seconds()


def _killed(name: str, survive: Callable[[Sequence[str]], None], ground: Ground) -> Spread:
    jobs = _jobs(f"{name} killed", KILLED)
    ground.script(jobs, *[RUNNING] * (WAITING_POLLS - 1), SUCCEEDED)
    survive(jobs)
    seen = ground.polls()
    ended = sum(seen[path(job)] >= WAITING_POLLS for job in jobs)
    return Spread([float(ended)])


def _jobs(name: str, count: int) -> Sequence[str]:
    return [f"{name} {number}".replace(" ", "-") for number in range(count)]
