"""The cost of the same work for the app and the alternatives, and what survives a kill."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from local.bench.beside.app import App
from local.bench.beside.program import Program
from local.bench.beside.taken import System
from local.bench.ground import RUNNING, SUCCEEDED, Ground, path
from local.bench.spread import Figures, Spread
from local.setup.bootstrap import environment_apart

REQUIREMENTS = Path(__file__).with_name("requirements.txt")

#: Modules of this package, by display name.  From Python 3.12 on DBOS writes `unixepoch('subsec')`, which older
#: versions of SQLite evaluate to null (https://sqlite.org/releaselog/3_42_0.html).
PROGRAMS = {"a loop": "loop", "Durable Task": "durable_task"}
if sys.version_info < (3, 12) or sqlite3.sqlite_version_info >= (3, 42):
    PROGRAMS["DBOS"] = "dbos_workflow"

#: Jobs in the kill test, and polls per job.
KILLED, KILLED_POLLS = 20, 3


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
    systems |= {name: Program(ground, python, module) for name, module in PROGRAMS.items()}
    figures: Figures = {}
    for name, system in systems.items():
        figures |= _turns(name, system, ground, sizes)
    for name, system in systems.items():
        figures |= _asleep(name, system, ground, sizes)
    for name, system in systems.items():
        figures |= _killed(name, system, ground)
    return figures


def _turns(name: str, system: System, ground: Ground, sizes: Sizes) -> Figures:
    taken, turns = [], sizes.watches * sizes.polls
    for run in range(sizes.runs):
        jobs = _jobs(f"{name} {run}", sizes.watches)
        ground.script(jobs, *[RUNNING] * (sizes.polls - 1), SUCCEEDED)
        taken.append(system.end(jobs))
    return {
        f"{name}: turns, starts included": Spread([turns / one.seconds for one in taken], "a second"),
        f"{name}: processor of 1,000": Spread([1000 * one.processor / turns for one in taken], "s"),
    }


def _asleep(name: str, system: System, ground: Ground, sizes: Sizes) -> Figures:
    jobs = _jobs(f"{name} asleep", sizes.asleep)
    ground.script(jobs, RUNNING)
    taken = system.sleep(jobs, sizes.span, sizes.runs)
    return {
        f"{name}: processor of an hour, all asleep": Spread([3600 * one.processor / one.seconds for one in taken], "s"),
        f"{name}: memory, all asleep": Spread([one.memory for one in taken], "MB"),
    }


def _killed(name: str, system: System, ground: Ground) -> Figures:
    jobs = _jobs(f"{name} killed", KILLED)
    ground.script(jobs, *[RUNNING] * (KILLED_POLLS - 1), SUCCEEDED)
    system.survive(jobs)
    seen = ground.polls()
    ended = sum(seen[path(job)] >= KILLED_POLLS for job in jobs)
    return {f"{name}: saw the end after a kill, of {KILLED}": Spread([float(ended)])}


def _jobs(name: str, count: int) -> Sequence[str]:
    return [f"{name} {number}".replace(" ", "-") for number in range(count)]
