"""How long to wait before a request is repeated."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: Seconds before the first, the second, … repetition; the last one repeats.
PAUSES = (2, 4, 8, 15, 30)

#: Bounds of what a Retry-After may ask for, in seconds: somebody waits here.
SHORTEST, LONGEST = 1.0, 60.0


def pause(repetition: int, retry_after: float | None) -> float:
    """Return the seconds before this repetition; the first one is 0.

    >>> [pause(n, None) for n in range(6)], pause(0, 0.0), pause(0, 7.5), pause(0, 3600.0)
    ([2, 4, 8, 15, 30, 30], 1.0, 7.5, 60.0)
    """
    if retry_after is None:
        return PAUSES[min(repetition, len(PAUSES) - 1)]
    return min(max(retry_after, SHORTEST), LONGEST)


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds of a Retry-After (RFC 9110, section 10.2.3), also with decimals; None if it says nothing.

    >>> noon = datetime(2026, 11, 26, 12, tzinfo=UTC)
    >>> retry_after("7.5", noon), retry_after("Thu, 26 Nov 2026 12:00:30 GMT", noon), retry_after("soon", noon)
    (7.5, 30.0, None)
    """
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", value.strip()):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
