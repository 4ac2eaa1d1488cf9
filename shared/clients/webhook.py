"""One signed POST to a callback's host, at the address that was checked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from standardwebhooks import Webhook

from shared.clients.exchange import HEADERS
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
        """Send one attempt.  It resolves the host once, and connects to an address that it checked."""
        if self.signer is None:
            return Attempt("callbacks are off: see the settings CALLBACK_HOSTS and CALLBACK_SECRET")
        try:
            to = target(url, self.hosts)
        except ValueError as error:
            return Attempt(f"not called: the URL {error}")
        try:
            async with asyncio.timeout(TIMEOUT.total_seconds()) as limit:
                addresses = await self._addresses(to)
                if not addresses:
                    return Attempt("not called: the URL leads to an address that is not public")
                return await self._post(to, addresses, self._headers(self.signer, to, message_id, body), body, limit)
        except TimeoutError:
            return Attempt(f"no answer within {TIMEOUT.seconds} s")
        except Exception as error:  # noqa: BLE001 -- httpx, anyio, ssl, idna and h11 have no base class in common
            return Attempt(f"no answer: {type(error).__name__}")

    async def _addresses(self, to: Url) -> Sequence[str]:
        """Return the addresses of the host, each once; none unless all are public.  Raises OSError without any."""
        found = list(dict.fromkeys(await self.resolve(to.host.strip("[]"), to.port)))
        if not found:
            raise OSError("no address")
        return found if to.is_loopback or all(map(may_be_called, found)) else []

    async def _post(
        self, to: Url, addresses: Sequence[str], headers: dict[str, str], body: str, limit: asyncio.Timeout
    ) -> Attempt:
        """Post to the first address that takes the connection: nothing was sent to those before it.

        Each may use one share of the time that is left, and the last one two.  So no address uses up the time of those
        after it, as RFC 8305 wants, but one at a time: an attempt is in no hurry.
        """
        for left, address in zip(range(len(addresses), 1, -1), addresses, strict=False):
            remaining = (limit.when() or 0) - asyncio.get_running_loop().time()
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._post_to(address, to, headers, body, remaining / (left + 1))
        return await self._post_to(addresses[-1], to, headers, body, None)

    async def _post_to(
        self, address: str, to: Url, headers: dict[str, str], body: str, connect: float | None
    ) -> Attempt:
        """Post to one address, which has so many seconds to take the connection."""
        host = f"[{address}]" if ":" in address else address
        # The certificate must match the name (https://www.python-httpx.org/advanced/extensions/#sni_hostname).
        extensions = {"sni_hostname": to.host} if to.scheme == "https" else {}
        url, timeout = f"{to.scheme}://{host}:{to.port}{to.path}", httpx.Timeout(None, connect=connect)
        async with self.http.stream(
            "POST", url, content=body, headers=headers, extensions=extensions, timeout=timeout, follow_redirects=False
        ) as answer:  # whose body is not read
            if answer.is_success:
                return Attempt()
            wait = parse_retry_after(answer.headers.get("retry-after"), self.now())
            return Attempt(f"HTTP {answer.status_code}", answer.status_code == GONE, wait)

    def _headers(self, signer: Webhook, to: Url, message_id: str, body: str) -> dict[str, str]:
        now = self.now()
        return {
            **HEADERS,
            "Host": to.authority,
            "Content-Type": CONTENT_TYPE,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(message_id, now, body),
        }
