"""Known names that look most like an unknown one, for messages that stay short however many names there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3

#: Characters that are compared: no known name, nor the template of a URL, is as long.
LONGEST = 128


def nearest(name: str, known: Iterable[str]) -> str:
    """List the known names most like one, the likest first; letter case counts for nothing.

    >>> nearest("Report", ["library", "mesh-export", "reporting", "schedules"])
    'reporting, mesh-export, library'
    """
    return ", ".join(likest(name, known, MOST))


def likest(name: str, known: Iterable[str], most: int) -> list[str]:
    """Return so many of the known names, the likest first."""
    folded = {one.casefold(): one for one in known}
    return [folded[one] for one in get_close_matches(name[:LONGEST].casefold(), folded, most, cutoff=0)]
