"""What Application Insights says of the events of one request: of each whether it is taken, wanted again, or refused.

Its format and the codes that heal by waiting: https://github.com/microsoft/ApplicationInsights-dotnet/blob/
170432ffa5a2a976cfd35353c3ab8a3c24fbea87/docs/ServerTelemetryChannel%20error%20handling.md.  Others may answer too, e.g.
the page of a network that wants a login: only what is said to be accepted is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from shared.core.untrusted import number, parse

#: Answers that heal by waiting, beside all from 500.  A 401 or 403: an identity may take minutes to be known
#: everywhere.  A 407 is a proxy's.
RETRIED = frozenset({401, 403, 407, 408, 429})

#: Of a single event also a 439.  For all of a request it is a quota of a day or more, which no turn can wait for.
RETRIED_ALONE = RETRIED | {439}


class Verdict(Enum):
    """What becomes of an event."""

    TAKEN = auto()
    AGAIN = auto()  #: send it again later
    REFUSED = auto()  #: it will never be taken


def read(status: int, body: bytes, sent: int) -> list[Verdict]:
    """Return the verdict on each of the `sent` events of a request.  Never raises."""
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return _each(parse(body), sent)
    return [_verdict(status, RETRIED)] * sent


def _each(document: Any, sent: int) -> list[Verdict]:
    """Read the errors; all other events are taken only if as many were accepted.

    >>> _each({"itemsReceived": 2, "itemsAccepted": 1, "errors": [{"index": 0, "statusCode": 400}]}, 2)
    [<Verdict.REFUSED: 3>, <Verdict.TAKEN: 1>]
    """
    known: Mapping[str, Any] = document if isinstance(document, dict) else {}
    listed = known.get("errors")
    errors: dict[int, Verdict] = {}
    for error in listed if isinstance(listed, list) else []:
        match error:
            case {"index": int(index)} if 0 <= index < sent:
                errors[index] = _verdict(number(error.get("statusCode")), RETRIED_ALONE)
    accepted = number(known.get("itemsAccepted"))
    others = Verdict.TAKEN if accepted is not None and accepted >= sent - len(errors) else Verdict.AGAIN
    return [errors.get(index, others) for index in range(sent)]


def _verdict(status: float | None, retried: frozenset[int]) -> Verdict:
    """Say what an error means; what no one can read, and what is no error of the request, heals by waiting."""
    refused = status is not None and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Verdict.REFUSED if refused and status not in retried else Verdict.AGAIN
