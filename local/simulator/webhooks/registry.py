"""The webhooks that exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.simulator.apis.values import instant


@dataclass(frozen=True, slots=True)
class Webhook:
    """One of them."""

    id: str
    scope: str  #: "Account" or "iTwin"
    scope_id: str | None  #: the iTwin's id
    callback_url: str
    event_types: tuple[str, ...]
    secret: str = field(repr=False)
    created: datetime
    modified: datetime
    active: bool = False  #: "created inactive"

    def wants(self, event_type: str, itwin_id: str) -> bool:
        """Return whether it is told of this event.

        The account of scope Account is the service application's own.  Here all iTwins belong to it.
        """
        ours = self.scope == "Account" or (self.scope_id or "").lower() == itwin_id.lower()
        return self.active and ours and event_type in self.event_types

    def to_json(self) -> dict[str, Any]:
        """As GET shows it: without the secret."""
        return {
            "id": self.id,
            "scope": self.scope,
            "scopeId": self.scope_id,
            "active": self.active,
            "callbackUrl": self.callback_url,
            "eventTypes": list(self.event_types),
            "created": instant(self.created),
            "modified": instant(self.modified),
        }


class Webhooks:
    """All of them, by id, oldest first."""

    def __init__(self) -> None:
        self._by_id: dict[str, Webhook] = {}

    def all(self) -> list[Webhook]:
        """Return all."""
        return [*self._by_id.values()]

    def get(self, webhook_id: str) -> Webhook | None:
        """Return one, if it exists."""
        return self._by_id.get(webhook_id.lower())

    def keep(self, webhook: Webhook) -> None:
        """Add it, or replace what it was."""
        self._by_id[webhook.id] = webhook

    def remove(self, webhook: Webhook) -> None:
        """Delete it."""
        del self._by_id[webhook.id]
