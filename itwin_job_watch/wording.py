"""What the app's problems say, in words of the command line: options instead of members of a body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from itwin_job_watch.errors import JobWatchError, WrongRequestError, tidy

#: What stands for a member of a request, or for a parameter of a list.
_OPTIONS = {
    "deadline": "--deadline",
    "labels": "--label",
    "label": "--label",
    "callback": "--callback",
    "api": "--api",
    "state": "--state",
    "outcome": "--outcome",
    "limit": "--most",
    "url": "URL",
}

#: Problems that concern one member, and name none.
_MEMBERS = {"wrong-deadline": "deadline", "unknown-api": "api", "wrong-callback": "callback"}

#: What the app says -> what is meant here; the longer ones first.
_WORDS = {
    r" ?POST /api/watches starts a watch\.": " Name it by its id, by four digits or more that its id begins with, or"
    " by the URL of its job.",
    r"DELETE it to stop the watch, or start its job with \"restart\": true\.": "`stop` ends it;"
    " `start --restart URL` begins it again.",
    r"[;.]? ?/api/openapi\.json lists all\.?": "",
    r"Send a deadline ": "it must be ",
    r"Send the URL of the right one as \"url\"": "Give the URL of the right one instead of -",
    r"Send the header Location or Create-iModel-Operation as \"location\", or the job's status URL as \"url\"": "Pipe"
    " the answer with its headers, as `curl -i` prints it, or give the job's status URL",
    r"Send the header Location as \"location\", or all ids as \"job\"": "Pipe the answer with its headers, as `curl -i`"
    " prints it, or give the job's status URL",
    r"Send the answer's header Location or Create-iModel-Operation as \"location\", or a \"response\" that has": "Pipe"
    " the answer with its headers, as `curl -i` prints it, or one that has",
    r"Send the status URL of the job as \"url\"": "Give the status URL of the job instead of -",
    r"send \"api\" as well": "give it with --api",
    r"or send no callback": "or leave it out",
    r"Send the URL ": "Give the URL ",
}


def said(error: JobWatchError, request: Mapping[str, Any] | None = None) -> str:
    """Return what is wrong, and with which option and argument; `request` is what was sent, if it was a start."""
    text = str(error)
    if not isinstance(error, WrongRequestError):
        return text
    if located := [*_located(error, request or {})]:
        text = "; ".join(located)
    elif member := _MEMBERS.get(error.problem or ""):
        text = f"{_named(member, request or {})}: {text}"
    for theirs, ours in _WORDS.items():
        text = re.sub(theirs, ours, text)
    return tidy(text).strip()


def _located(error: WrongRequestError, request: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with each member or parameter; nothing if one has no option."""
    if error.problem not in {"invalid-body", "invalid-query", "wrong-callback"}:
        return
    places = [str(one.get("pointer", one.get("parameter", ""))).strip("/") for one in error.errors]
    if all(place.partition("/")[0] in _OPTIONS for place in places):
        for place, one in zip(places, error.errors, strict=True):
            yield f"{_named(place, request)}: {one.get('detail')}"


def _named(place: str, request: Mapping[str, Any]) -> str:
    """Return the option, and its argument if that is known.

    >>> _named("labels/1", {"labels": ["a", "b c"]}), _named("label", {})
    ("--label 'b c'", '--label')
    """
    member, _, _ = place.partition("/")
    found: Any = request
    for part in place.split("/"):
        if isinstance(found, list) and part.isdecimal():
            found = found[int(part)] if int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    found = found.get("url") if isinstance(found, Mapping) else found
    return f"{_OPTIONS[member]} {found!r}" if isinstance(found, str) and member != "url" else _OPTIONS[member]
