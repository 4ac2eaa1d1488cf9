"""Events of iTwin webhooks, as the platform sends them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

SECRET = "0123456789abcdef0123456789abcdef"

#: Computed by Node and by Python alike, for `SECRET`.
BODY = (
    b'{"content":{"jobId":"j-1"},"eventType":"realityAnalysis.jobCompleted.v1","enqueuedDateTime":'
    b'"11/3/2023 8:07:01 PM","iTwinId":"t-1","messageId":"m-1","webhookId":"w-1"}'
)
SIGNATURE = "sha256=69b2dbda57fa293a30e1131cc760ae2af507ad92e2db5954fdf50c93ae6ae4ae"


def an_event(**more: Any) -> bytes:
    """Write an event about the end of a Reality Analysis job; a member that is None is left out."""
    members: dict[str, Any] = {
        "content": {"jobId": "j"},
        "eventType": "realityAnalysis.jobCompleted.v1",
        "enqueuedDateTime": "11/3/2023 8:07:01 PM",
        "iTwinId": "t",
        "messageId": "m",
        "webhookId": "w",
    } | more
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


def signed(body: bytes, secret: str = SECRET) -> str:
    """Sign a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
