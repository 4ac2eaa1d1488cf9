"""The documents of the app, checked before they are used: anything may answer at a mistyped URL."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any

from itwin_job_watch.errors import (
    JobWatchError,
    NoSuchWatchError,
    UnavailableError,
    UnexpectedAnswerError,
    UnreadableWatchError,
    WrongRequestError,
)

WatchDocument = Mapping[str, Any]

NOT_FOUND, CONFLICT, FIRST_SERVER_ERROR = 404, 409, 500

#: What the type of each problem begins with.
PROBLEM = "urn:problem-type:itwin-job-watch:"

_TEXT = (str, NoneType)

#: What is read of a watch.  What may be null may also be absent.
_MEMBERS: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "api": str,
    "job": dict,
    "state": str,
    "labels": (list, NoneType),
    "status": _TEXT,
    "outcome": _TEXT,
    "reason": _TEXT,
    "progress": (int, float, NoneType),
    "callback": (dict, NoneType),
}


def strange(what: str) -> UnexpectedAnswerError:
    """Return the error for an answer that is not the app's."""
    return UnexpectedAnswerError(f"{what}: is this the app's URL?")


def watch(body: Any) -> WatchDocument:
    """Read a watch; raises `UnexpectedAnswerError`."""
    if not isinstance(body, dict):
        raise strange("the answer is no watch")
    wrong = [name for name, types in _MEMBERS.items() if not isinstance(body.get(name), types)]
    wrong += ["outcome"] if body.get("state") == "ended" and not body.get("outcome") else []
    if wrong:
        raise strange(f"the answer is no watch: see its {wrong[0]}")
    return body


def page(body: Any) -> tuple[list[WatchDocument], str | None]:
    """Read a page of watches, and the cursor of the next one; raises `UnexpectedAnswerError`."""
    match body:
        case {"watches": list() as watches, "next": str() | None as cursor}:
            return [watch(one) for one in watches], cursor
    raise strange("the answer is no list of watches")


def results(body: Any, count: int) -> list[WatchDocument | JobWatchError]:
    """Read what became of each of `count` starts; raises `UnexpectedAnswerError`."""
    match body:
        case {"results": list() as found} if len(found) == count:
            return [_result(one) for one in found]
    raise strange("the answer does not say what became of each watch")


def detail(problem: Any) -> str | None:
    """Return what a problem document says, if it is one that says something."""
    match problem:
        case {"detail": str() as text} if text.strip():
            return text
    return None


def refusal(problem: Mapping[str, Any], status: Any) -> JobWatchError:
    """Return the error for a problem document (RFC 9457), which came with this status."""
    text, kind, errors = detail(problem) or f"HTTP {status}", problem.get("type"), problem.get("errors")
    if isinstance(status, int) and status >= FIRST_SERVER_ERROR:
        return UnavailableError(text)
    name = kind.removeprefix(PROBLEM) if isinstance(kind, str) and kind.startswith(PROBLEM) else None
    located = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    of = {NOT_FOUND: NoSuchWatchError, CONFLICT: UnreadableWatchError}.get(status, WrongRequestError)
    return of(text, name, status if isinstance(status, int) else None, located)


def _result(body: Any) -> WatchDocument | JobWatchError:
    match body:
        case {"watch": dict() as found}:
            return watch(found)
        case {"problem": dict() as problem}:
            return refusal(problem, body.get("status"))
    raise strange("the answer does not say what became of a watch")
