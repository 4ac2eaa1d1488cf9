"""Where a list goes on, as an opaque text that clients send back."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from shared.engine.ports import State

#: An instant as 18 digits, and a watch's id, or nothing before the first; then the list.
POSITION = re.compile(r"(watching|ended) (|[0-9]{18}_[0-9a-f-]{36}) (.*)")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in one of the two lists: after this key."""

    state: State
    key: str

    def to_text(self, list_of: str) -> str:
        """Write it, with the list it belongs to.

        It is no secret: a forged one shows nothing that the list without one would not show.
        """
        return base64.urlsafe_b64encode(f"{self.state} {self.key} {list_of}".encode()).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str, list_of: str) -> Cursor:
        """Read what `to_text` wrote; raises ValueError for what cannot be read, and for a cursor of another list.

        >>> Cursor.from_text(Cursor("ended", "").to_text("x"), "x")
        Cursor(state='ended', key='')
        """
        found = POSITION.fullmatch(base64.urlsafe_b64decode(text + "==").decode())
        if not found or found[3] != list_of:
            raise ValueError("not a cursor of this list")
        return cls("ended" if found[1] == "ended" else "watching", found[2])
