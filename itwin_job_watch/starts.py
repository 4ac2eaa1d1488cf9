"""What a start asks for, as Python programs say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict, TypeVar

T = TypeVar("T")


class Start(TypedDict, total=False):
    """Names a job, in one of four ways, and says how to watch it.

    The job: its status `url`; or `api` and `job`; or what the platform answered when the job was begun: the JSON as
    `response`, its header `Location` (or `Create-iModel-Operation`) as `location`, or both, with `api` if no link in
    them says which job it is.
    """

    url: str  #: status URL of the job
    api: str  #: name of the API, such as "export"
    job: Mapping[str, str]  #: ids of the job, by their names
    response: Mapping[str, Any]  #: what the platform answered
    location: str  #: the header of that answer
    labels: Sequence[str]  #: up to 10, of up to 64 characters
    deadline: timedelta | datetime  #: from now, or an instant with a time zone; at most 366 days away
    callback: str  #: URL to notify when the watch ends
    restart: bool  #: start again if the watch has ended


def request_of(start: str | Start) -> dict[str, Any]:
    """Return the document that asks for it; raises `TypeError` and `ValueError`.

    >>> request_of("https://api.bentley.com/library/jobs/1")
    {'url': 'https://api.bentley.com/library/jobs/1'}
    >>> request_of({"api": "library", "job": {"jobId": "1"}, "deadline": timedelta(hours=2)})
    {'api': 'library', 'job': {'jobId': '1'}, 'deadline': 'PT7200S'}
    """
    if isinstance(start, str):
        return {"url": start}
    unknown = sorted(start.keys() - Start.__annotations__.keys())
    if unknown:
        raise TypeError(f"a start has no {unknown[0]!r}; it has {', '.join(Start.__annotations__)}")
    request: dict[str, Any] = {name: value for name, value in start.items() if value is not None}
    if "labels" in request:
        request["labels"] = list(several(request["labels"], "labels"))
    if "job" in request:
        request["job"] = dict(request["job"])
    if "deadline" in request:
        request["deadline"] = deadline_of(request["deadline"])
    if "callback" in request:
        request["callback"] = {"url": request["callback"]}
    return request


def several(them: Iterable[T], what: str) -> Iterable[T]:
    """Return what was given as several; raises `TypeError` for a single one, which would be taken apart."""
    if isinstance(them, str | Mapping) or not isinstance(them, Iterable):
        raise TypeError(f"{what} are several: give a list")
    return them


def deadline_of(deadline: timedelta | datetime) -> str:
    """Return a deadline as the app reads it (ISO 8601)."""
    if isinstance(deadline, timedelta):
        if deadline <= timedelta(0):
            raise ValueError("the deadline must be later than now")
        return f"PT{max(1, round(deadline.total_seconds()))}S"
    if not isinstance(deadline, datetime):
        raise TypeError(f"a deadline is a timedelta or a datetime, and not {deadline!r}")
    if deadline.utcoffset() is None:
        raise ValueError("the deadline has no time zone: give, for example, datetime.now(UTC) + timedelta(hours=2)")
    return deadline.isoformat()


def again(watch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document that starts a watch again, with its labels and callback."""
    request = {"api": watch["api"], "job": watch["job"], "labels": watch.get("labels") or [], "restart": True}
    return request | ({"callback": {"url": watch["callback"].get("url")}} if watch.get("callback") else {})
