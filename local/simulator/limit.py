"""The rate limit, shared by all APIs.

It is "determined by the iTwin Platform subscription associated with the OAuth client":
https://developer.bentley.com/apis/overview/rate-limits.  Unconfirmed: how the platform counts.  Here a window opens
with the first request, and has a fixed length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(slots=True)
class Limit:
    """A number of requests per window."""

    requests: int
    window: timedelta
    _ends: datetime | None = field(default=None, init=False)
    _left: int = field(default=0, init=False)

    def admit(self, now: datetime) -> int | None:
        """Return None if a request may pass, else the seconds to wait, rounded up.

        >>> limit, noon = Limit(1, timedelta(seconds=60)), datetime(2026, 1, 1, 12)
        >>> [limit.admit(noon + timedelta(seconds=after)) for after in (0, 0.5, 59.5, 60)]
        [None, 60, 1, None]
        """
        if self._ends is None or now >= self._ends:
            self._ends, self._left = now + self.window, self.requests
        if self._left:
            self._left -= 1
            return None
        return math.ceil((self._ends - now).total_seconds())
