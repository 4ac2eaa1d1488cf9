"""How long to wait before a request is repeated."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: Seconds before the first, the second, … repetition; the last one repeats.
PAUSES = (2, 4, 8, 15, 30)

#: Bounds of what a Retry-After may ask for, in seconds: somebody waits here.
SHORTEST, LONGEST = 1.0, 60.0

#: More than anybody waits, and less than a `timedelta` can hold.
FOREVER = timedelta(days=1_000_000)


def pause(repetition: int, retry_after: timedelta | None) -> float:
    """Return the seconds before this repetition; the first one is 0.

    >>> [pause(n, None) for n in range(6)], [pause(0, timedelta(seconds=told)) for told in (0, 7.5, 3600)]
    ([2, 4, 8, 15, 30, 30], [1.0, 7.5, 60.0])
    """
    if retry_after is None:
        return PAUSES[min(repetition, len(PAUSES) - 1)]
    return min(max(retry_after.total_seconds(), SHORTEST), LONGEST)


def retry_after(value: str, now: datetime) -> timedelta | None:
    """Return how long a Retry-After asks to wait (RFC 9110, section 10.2.3), also with decimals; None if it does not.

    >>> noon = datetime(2026, 11, 26, 12, tzinfo=UTC)
    >>> [str(retry_after(value, noon)) for value in ("7.5", "Thu, 26 Nov 2026 12:00:30 GMT", "soon")]
    ['0:00:07.500000', '0:00:30', 'None']
    """
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", value.strip()):
        return timedelta(seconds=min(float(value), FOREVER.total_seconds()))
    try:
        date = parsedate_to_datetime(value)
        return max(timedelta(0), (date if date.tzinfo else date.replace(tzinfo=UTC)) - now)
    except (ValueError, OverflowError, TypeError):
        return None
