"""What the scenario says of a job: how it goes at the simulated platform, how it is handed over, how the watch ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

Answer = Mapping[str, Any]  #: one entry of a script for `POST /_sim/jobs`


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The request that begins a job at the platform.  What it answers is handed over, body and header."""

    path: str
    method: str = "POST"
    body: Mapping[str, Any] = field(default_factory=dict)
    linked: bool = False  #: the answer has a link to the job's status; if not, it is handed over with the API's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A further request of the user to the platform."""

    after: timedelta  #: since all watches began
    method: str
    path: str  #: with the job's `{ids}`
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job to watch.

    It is there before anybody asks, at `path`, with a script or a clock; or `start` begins it, with a clock, and its
    ids and path are what the platform makes of it.
    """

    what: str  #: its name, for people
    api: str
    outcome: str  #: expected outcome of the watch
    reason: str = ""  #: expected part of the reason
    evidence: Sequence[str] = ()  #: expected evidence, without repetitions
    entries: int | None = None  #: expected number of its entries, with repetitions, if they are many
    progress: float | None = None  #: expected percentage in the end
    polls: int | None = None  #: expected number, if certain
    ids: Mapping[str, str] = field(default_factory=dict)
    path: str = ""  #: its status path, without a query
    script: Sequence[Answer] = ()  #: the last response repeats
    documents: Mapping[str, Sequence[Answer]] = field(default_factory=dict)  #: scripts of other paths, by path
    clock: Mapping[str, Any] = field(default_factory=dict)  #: for `POST /_sim/jobs`, in place of a script
    start: Start | None = None
    later: Later | None = None
    url: str = ""  #: the path and query to hand over instead of the ids
    deadline: str | None = None
    stop_after: timedelta | None = None  #: when to DELETE the watch
    labels: Sequence[str] = ()


def scripted(
    what: str,
    api: str,
    ids: Mapping[str, str],
    path: str,
    *,
    by_url: bool = False,
    **more: Any,
) -> Job:
    """Return a job whose responses are written out; `by_url` hands over its status URL instead of the ids."""
    url = path if by_url else ""
    return Job(what=what, api=api, ids=ids, path=path, url=url, **more)


def begun(what: str, api: str, start: Start, outcome: str, *, seconds: float, **more: Any) -> Job:
    """Return a job that begins with a request to the platform, and lasts that long.

    `ends` and `issues` are those of the simulator's clock: without them the job succeeds.
    """
    clock = {"seconds": seconds} | {name: more.pop(name) for name in ("ends", "issues") if name in more}
    return Job(what=what, api=api, start=start, outcome=outcome, clock=clock, **more)


def named(what: str, api: str, path: str, outcome: str, *, seconds: float, url: str = "", **more: Any) -> Job:
    """Return a job that lasts that long, and whose id has the word that decides how it ends: see `local.simulator`.

    Its status URL is handed over, as `url` writes it.
    """
    return Job(what=what, api=api, path=path, outcome=outcome, clock={"seconds": seconds}, url=url or path, **more)


def id_of(what: str) -> str:
    """Return the id of a job with this name.

    >>> id_of("An id with a slash")
    'an-id-with-a-slash'
    """
    return "-".join(what.lower().split())


def error(status: int, code: str, **headers: str) -> Answer:
    """Return an error of the platform."""
    return {"status": status, "headers": headers, "body": {"error": {"code": code, "message": "As documented."}}}
