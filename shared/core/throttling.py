"""Answers that limit a rate or a quota.  They concern all requests of a client, and waiting heals them.

A 429 (RFC 6585, section 4) is one.  So is a 403 with a Retry-After, and one with the body of API Management, behind
which the platform runs: `{"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in
00:45:12."}`.
https://learn.microsoft.com/azure/api-management/quota-policy
https://learn.microsoft.com/azure/api-management/rate-limit-policy
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from shared.core.schedule import ABSURD

FORBIDDEN, TOO_MANY_REQUESTS = 403, 429

#: A .NET TimeSpan, with days or without, or a number of seconds: "1.02:45:12", "00:45:12", "23 seconds".
_TIME_SPAN = re.compile(r"replenished in (?:(\d{1,3})\.)?(\d{1,2}):(\d{2}):(\d{2})")
_SECONDS = re.compile(r"try again in (\d{1,7}) second", re.IGNORECASE)

_QUOTA = re.compile(r"\bquota\b|rate limit", re.IGNORECASE)


def is_throttling(status: int, wait: timedelta | None, body: Any) -> bool:
    """Whether an answer limits a rate or a quota; `wait` is its Retry-After, and `body` its JSON."""
    return status == TOO_MANY_REQUESTS or (status == FORBIDDEN and (wait is not None or bool(gateway_message(body))))


def longest_wait(wait: timedelta | None, body: Any) -> timedelta | None:
    """How long a throttling answer says to wait, in its header or its body: the longer of the two; None if unsaid."""
    said, waits = gateway_message(body), [] if wait is None else [wait]
    if span := _TIME_SPAN.search(said):
        days, hours, minutes, seconds = (int(number or 0) for number in span.groups())
        waits.append(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))
    if number := _SECONDS.search(said):
        waits.append(timedelta(seconds=int(number[1])))
    return max((known for known in waits if known <= ABSURD), default=None)


def gateway_message(body: Any) -> str:
    """The message of API Management, if it is about a quota or a rate; "" otherwise."""
    match body:
        case {"statusCode": int(), "message": str(message)} if _QUOTA.search(message):
            return message
    return ""
