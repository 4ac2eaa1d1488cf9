"""Access tokens: opaque, and valid until they expire or are revoked."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

KEPT = 100_000  #: beyond that the oldest are dropped


class Tokens:
    """The tokens that the APIs accept."""

    def __init__(self, lifetime: timedelta) -> None:
        self.lifetime = lifetime  #: of tokens issued from now on
        self._good_until: dict[str, datetime] = {}

    def issue(self, now: datetime) -> str:
        """Issue a token."""
        token = secrets.token_urlsafe(32)
        self.admit(token, now + self.lifetime)
        return token

    def admit(self, token: str, until: datetime) -> None:
        """Register a token that was issued elsewhere."""
        self._good_until[token] = until
        if len(self._good_until) > KEPT:
            del self._good_until[next(iter(self._good_until))]

    def accept(self, token: str, now: datetime) -> bool:
        """Return whether the token is valid now."""
        until = self._good_until.get(token)
        return until is not None and now < until

    def revoke_all(self) -> None:
        """Revoke all tokens."""
        self._good_until.clear()
