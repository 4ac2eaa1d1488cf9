"""Where a list goes on, as a text that its readers give back unread."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Literal

State = Literal["watching", "ended"]

#: An instant as 18 digits, and a watch's id; nothing before the first.
POSITION = re.compile(r"(?P<state>watching|ended) (?P<key>|[0-9]{18}_[0-9a-f-]{36}) (?P<seal>[0-9a-f]{16})")

#: No real one is longer.
LONGEST = 128


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in one of the two lists: after this key."""

    state: State
    key: str

    def to_text(self, list_of: str) -> str:
        """Write it for its reader, sealed for the list it belongs to.

        The seal is no secret: a cursor only says where to go on, and whoever makes one sees nothing that a list without
        one would not show.  It catches slips.
        """
        text = f"{self.state} {self.key} {_seal(self, list_of)}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str, list_of: str) -> Cursor:
        """Read what `to_text` wrote; raises ValueError for anything else, and for a cursor of another list.

        >>> Cursor.from_text(Cursor("ended", "").to_text("x"), "x")
        Cursor(state='ended', key='')
        """
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            position = POSITION.fullmatch(raw.decode("ascii")) if len(text) <= LONGEST else None
        except (binascii.Error, ValueError):
            position = None
        if position is not None:
            cursor = cls("ended" if position["state"] == "ended" else "watching", position["key"])
            if cursor.to_text(list_of) == text:  # also: written in the one way that we write
                return cursor
        raise ValueError("not a cursor of this list")


def _seal(cursor: Cursor, list_of: str) -> str:
    return hashlib.sha256(f"{cursor.state} {cursor.key} {list_of}".encode()).hexdigest()[:16]
