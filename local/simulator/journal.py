"""Records requests for tests, without their secrets."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KEPT = 100_000  #: requests, events, and other telemetry; beyond that the oldest are dropped


@dataclass(slots=True)
class Record:
    """One request."""

    time: datetime
    method: str
    path: str  #: as sent, still percent-encoded
    query: str
    headers: dict[str, str]  #: names in lower case
    status: int | None = None  #: None until there is a response; stays None if the connection is dropped

    def to_json(self) -> dict[str, Any]:
        """As `GET /_sim/requests` shows it."""
        return {
            "time": self.time.isoformat(timespec="microseconds"),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "status": self.status,
        }


class Journal:
    """Requests in order of arrival, and telemetry."""

    def __init__(self) -> None:
        self.requests: deque[Record] = deque(maxlen=KEPT)
        self.events: deque[Any] = deque(maxlen=KEPT)  #: sent by the app
        self.telemetry: deque[Any] = deque(maxlen=KEPT)  #: sent by the host: lines, requests, exceptions


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Replace credentials by a fingerprint, which only shows whether two are equal.

    >>> without_secrets({"Authorization": "Bearer abc", "Accept": "*/*"})
    {'authorization': 'Bearer *** (ba7816)', 'accept': '*/*'}
    """
    shown = {name.lower(): value for name, value in headers.items()}
    if "authorization" in shown:
        scheme, _, credentials = shown["authorization"].partition(" ")
        if not credentials:  # no scheme: all of it may be a secret
            scheme, credentials = "", scheme
        fingerprint = hashlib.sha256(credentials.encode(errors="surrogateescape")).hexdigest()[:6]
        shown["authorization"] = f"{scheme} *** ({fingerprint})".lstrip()
    return shown
