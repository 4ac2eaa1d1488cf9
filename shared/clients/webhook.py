"""One signed POST to a callback's host, at the address that was checked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from standardwebhooks import Webhook

from shared.core.callback import Attempt
from shared.core.callback_url import may_be_called, target
from shared.core.schedule import parse_retry_after
from shared.core.url import Url

#: "The recommended timeout is 15-30s": https://github.com/standard-webhooks/standard-webhooks, "Request timeouts".
TIMEOUT = timedelta(seconds=15)

#: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#32-structured-content-mode
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

#: "410 Gone: the consumer is no longer interested, the sender should disable the endpoint": the same document.
GONE = 410


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host; raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class WebhookClient:
    """The post port, on an httpx client that follows no redirects, keeps no connections and uses no proxy.

    A kept connection might be reused for another name at the same address.
    """

    http: httpx.AsyncClient
    signer: Webhook | None
    hosts: AbstractSet[str]
    now: Callable[[], datetime]
    resolve: Callable[[str, int], Awaitable[list[str]]] = resolve

    async def __call__(self, url: str, message_id: str, body: str) -> Attempt:
        """Send one attempt.  It resolves the host once, and connects to the address that it checked."""
        if self.signer is None:
            return Attempt("callbacks are no longer configured")
        try:
            to = target(url, self.hosts)
            async with asyncio.timeout(TIMEOUT.total_seconds()):
                return await self._post(
                    to, await self._address(to), self._headers(self.signer, to, message_id, body), body
                )
        except ValueError as error:
            return Attempt(f"not called: the URL {error}")
        except TimeoutError:
            return Attempt(f"no answer within {TIMEOUT.seconds} s")
        except (OSError, httpx.HTTPError) as error:
            return Attempt(f"no answer: {type(error).__name__}")

    async def _address(self, to: Url) -> str:
        """Return one address of the host; raises ValueError unless all addresses are public."""
        addresses = await self.resolve(to.host.strip("[]"), to.port)
        if not addresses:
            raise OSError("no address")
        if not to.is_loopback and not all(map(may_be_called, addresses)):
            raise ValueError("leads to an address that is not public")
        return addresses[0]

    async def _post(self, to: Url, address: str, headers: dict[str, str], body: str) -> Attempt:
        host = f"[{address}]" if ":" in address else address
        # The certificate must match the name (https://www.python-httpx.org/advanced/extensions/#sni_hostname).
        extensions = {"sni_hostname": to.host} if to.scheme == "https" else {}
        url = f"{to.scheme}://{host}:{to.port}{to.path}"
        async with self.http.stream("POST", url, content=body, headers=headers, extensions=extensions) as answer:
            if answer.is_success:
                return Attempt()
            wait = parse_retry_after(answer.headers.get("retry-after"), self.now())
            return Attempt(f"HTTP {answer.status_code}", answer.status_code == GONE, wait)

    def _headers(self, signer: Webhook, to: Url, message_id: str, body: str) -> dict[str, str]:
        now = self.now()
        return {
            "Host": to.authority,
            "Content-Type": CONTENT_TYPE,
            "User-Agent": "itwin-job-watch",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(message_id, now, body),
        }
