"""How jobs are begun over HTTP, and how those that wait for their user go on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from local.simulator.apis.view import Body, View
from local.simulator.clock import Ending
from local.simulator.errors import Problem


@dataclass(frozen=True, slots=True)
class Order:
    """A request to begin a job, or to let one go on."""

    ids: Mapping[str, str]  #: by their names in the path of the request
    body: Mapping[str, Any]  #: {} if there is none


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that is no error."""

    status: int
    body: Body | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _never(_: Order) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One request that begins a job."""

    method: str = "POST"
    path: str  #: a slash at its end makes no difference (unconfirmed)
    needs: tuple[str, ...] = ()  #: members that the body must have
    ids: Callable[[Order], dict[str, str]]  #: of the new job, by their names in the path of its status
    reply: Callable[[View], Reply]
    keeps: Callable[[Order], str | None] = _never  #: the word at which the job waits for its user
    alone: Callable[[Order], tuple[str, ...] | None] = _never  #: of jobs with the same, only one may be under way
    ever: bool = False  #: or may have been
    other: Callable[[View], Reply | Problem] | None = None  #: the response if there is one, which the view shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One request that lets a waiting job go on, from then on with a clock, or ends it."""

    method: str
    path: str
    goes_on: Callable[[Order], bool]
    ends: Callable[[Order], Ending | None] = _never
    reply: Callable[[View], Reply]


def guid4() -> str:
    """Return a new id in the form of most."""
    return str(uuid4())


def hex40() -> str:
    """Return a new id in the form of runs and changesets."""
    return secrets.token_hex(20)
