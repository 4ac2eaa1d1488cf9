"""How far the lists have what earlier versions listed; see `Upgrade`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

#: An instance of an earlier version ends no later after the first of this one: an invocation lasts five minutes at most
#: (host.json), so three rounds are enough.  Without a round for as long, an earlier version may have run again.
GRACE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the upgrade has come.  It goes from the newest result to the oldest, again and again."""

    since: datetime  #: when the first of the rounds began that follow each other
    begun: datetime  #: when the way began that is under way, or the last one
    after: str = ""  #: the key that it has reached; "" at its end
    until: datetime | None = None  #: what ended before is listed, unless it comes `LATE`

    def is_whole(self, now: datetime) -> bool:
        """Whether the lists of all have everything: no earlier version can have added anything since."""
        return self.until is not None and self.since + GRACE <= self.until and now < self.until + GRACE

    def resumed(self, now: datetime) -> Mark:
        """Return what a round begins with."""
        gap = self.until is not None and self.until + GRACE <= now
        return replace(self, since=now if gap else self.since, begun=self.begun if self.after else now)
