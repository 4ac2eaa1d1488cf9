"""The handshake of CloudEvents: a sender asks, by OPTIONS, whether it may send events.

https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md#4-abuse-protection.  iTwin webhooks ask so in
version 1; that those of version 2 ever do is unconfirmed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: What is safe to echo: a name of a host, or a URL.
ORIGIN = re.compile(r"[A-Za-z0-9._:/-]{1,255}")


def permission(headers: Mapping[str, str]) -> dict[str, str]:
    """Allow the origin that asks, at any rate; whoever does not say who asks is only told of POST.

    >>> permission({"webhook-request-origin": "eventemitter.example.com"})["WebHook-Allowed-Origin"]
    'eventemitter.example.com'
    """
    origin = (headers.get("webhook-request-origin") or "").strip()
    allowed = {"Allow": "POST"}
    if ORIGIN.fullmatch(origin):
        allowed |= {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}
    return allowed
