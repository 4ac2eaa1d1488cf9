"""What a webhook is sent: the envelope, its bytes and their signature.  Pure: reads no clock.

https://developer.bentley.com/apis/webhooks-v2/overview, iTwin/webhooks-api-samples
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One event for one webhook.  Its id stays when it is sent again (unconfirmed)."""

    id: str
    webhook_id: str
    event_type: str
    content: Mapping[str, Any]
    itwin_id: str
    enqueued: datetime
    ended: datetime  #: when the job did

    def body(self) -> bytes:
        """Return the envelope, in the order of the page's example; older examples have another."""
        envelope = {
            "content": self.content,
            "eventType": self.event_type,
            "enqueuedDateTime": us_style(self.enqueued),
            "iTwinId": self.itwin_id,
            "messageId": self.id,
            "webhookId": self.webhook_id,
        }
        return json.dumps(envelope, separators=(",", ":")).encode()


def us_style(when: datetime) -> str:
    """Return a time as the page's example has it.  Unconfirmed: that it is UTC.

    >>> us_style(datetime(2023, 11, 3, 20, 7, 1)), us_style(datetime(2023, 11, 3, 0, 7, 1))
    ('11/3/2023 8:07:01 PM', '11/3/2023 12:07:01 AM')
    """
    return f"{when.month}/{when.day}/{when.year} {when.hour % 12 or 12}:{when:%M:%S} {'AM' if when.hour < 12 else 'PM'}"  # noqa: PLR2004


def signature(secret: str, body: bytes) -> str:
    """Return the value of the header `Signature`; the key is the secret as given."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
