"""Row keys that make a table show the newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: Tables sort by key, ascending, so newest first takes a key that falls as time goes on.
END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)

A_MICROSECOND = timedelta(microseconds=1)


def falling(instant: datetime) -> str:
    """Return a text that sorts before that of any earlier instant.

    >>> falling(datetime(2026, 1, 1, tzinfo=UTC)) > falling(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC))
    True
    """
    return f"{(END_OF_TIME - instant) // A_MICROSECOND:018d}"


def newest_first(instant: datetime, watch_id: str) -> str:
    """Name one watch at one instant."""
    return f"{falling(instant)}_{watch_id}"
