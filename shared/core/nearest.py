"""Known names that look most like an unknown one, for messages that stay short however many names there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3

#: Characters that are compared: no known name is as long.
LONGEST = 64


def nearest(name: str, known: Iterable[str]) -> str:
    """List the known names most like one, the likest first; letter case counts for nothing.

    >>> nearest("Report", ["library", "mesh-export", "reporting", "schedules"])
    'reporting, mesh-export, library'
    """
    folded = {one.casefold(): one for one in known}
    found = get_close_matches(name[:LONGEST].casefold(), folded, MOST, cutoff=0)
    return ", ".join(folded[one] for one in found)
