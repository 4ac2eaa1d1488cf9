"""What the events of a job did to its watch, and what they allow: pure, from the attempts to send them.

An attempt is one entry of `GET /_sim/deliveries`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

ACCEPTED = range(200, 300)

#: The longest time between a poll and the moments when its turn reads and writes its row.
A_TURN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Event:
    """One event that was rightly signed: it may have woken its watch once, between these instants."""

    came: datetime
    answered: datetime

    def allows(self, poll: datetime, following: datetime) -> bool:
        """Return whether it may have woken the watch between two polls, or during the turn of the first."""
        return self.came <= following and poll - A_TURN <= self.answered

    def meets(self, poll: datetime) -> bool:
        """Return whether it came during the turn of a poll.  If it wins, what that poll was told is lost."""
        return self.came <= poll + A_TURN and poll - A_TURN <= self.answered


def events(told: Sequence[Mapping[str, Any]]) -> Iterator[Event]:
    """Yield each event, from its first attempt to the first that was accepted; a copy or a replay is none."""
    came: dict[str, datetime] = {}
    answered: dict[str, tuple[datetime, bool]] = {}
    for attempt in sorted(told, key=lambda one: str(one["time"])):
        name, began = attempt["messageId"], datetime.fromisoformat(attempt["time"])
        if attempt["lost"] or not attempt["rightlySigned"]:
            continue
        came.setdefault(name, began)
        if not answered.get(name, (began, False))[1]:
            answered[name] = (began + timedelta(seconds=attempt["seconds"]), attempt["status"] in ACCEPTED)
    for name, began in came.items():
        yield Event(began, answered[name][0])


def believed(told: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the events that were accepted, though they were wrongly signed."""
    for attempt in told:
        if not attempt["rightlySigned"] and attempt["status"] in ACCEPTED:
            yield f"a forged event was answered with {attempt['status']}"
