"""Sends the requests of httpx with aiohttp, which the Azure SDKs use anyway.

With 32 requests at once, httpx's own transport takes five times the processor time: it goes over all connections for
each request (`AsyncConnectionPool._assign_requests_to_connections` of httpcore).
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import httpx
from yarl import URL

#: Azure closes what is idle for four minutes (https://learn.microsoft.com/azure/load-balancer/load-balancer-tcp-reset).
#: A new connection takes a TLS handshake, 2.4 ms of processor time.
IDLE_SECONDS = 60

#: Bytes of a header.  aiohttp takes 8 KiB unless it is told; httpx takes 100 KiB of all headers together
#: (`MAX_INCOMPLETE_EVENT_SIZE` of httpcore), and an answer with a long one is an answer.
LARGEST_HEADER = 32 * 1024

#: What aiohttp raises, and what httpx would.
ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ClientOSError, httpx.ReadError),
    (aiohttp.ClientError, httpx.RemoteProtocolError),
)


def _headers_of(proxy: httpx.Proxy) -> dict[str, str]:
    """Return what a proxy wants in a CONNECT, such as its password (RFC 7617): nothing but https goes through one."""
    if proxy.auth is None:
        return {}
    return {"Proxy-Authorization": f"Basic {b64encode(':'.join(proxy.auth).encode()).decode()}"}


class AiohttpTransport(httpx.AsyncBaseTransport):
    """A transport of httpx.

    It has no limits and no time-outs: its users set their own, and host.json how many they are.  It follows no
    redirect, keeps no cookie, unpacks nothing, and reads nothing of the environment.
    """

    def __init__(self, certificates: ssl.SSLContext | None, proxy: httpx.Proxy | None = None) -> None:
        """`certificates`: what is trusted instead of the system's; see `other_certificates`."""
        self._certificates = certificates
        self._proxy: dict[str, Any] = (
            {} if proxy is None else {"proxy": str(proxy.url), "proxy_headers": _headers_of(proxy)}
        )
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request whose body is in memory, and return the answer, whose body is yet to be read."""
        answer = await self._opened().request(
            request.method,
            URL(str(request.url), encoded=True),  # as it was checked: aiohttp would spell it anew
            headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
            data=request.content or None,
            allow_redirects=False,
            **self._proxy,
        )
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Stream(answer), request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        """Return the session, made on the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._certificates or True, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(),
                cookie_jar=aiohttp.DummyCookieJar(),  # one watch's answer is no other's business
                auto_decompress=False,
                max_line_size=LARGEST_HEADER,
                max_field_size=LARGEST_HEADER,
                middlewares=[_once],
                skip_auto_headers=["User-Agent", "Accept-Encoding"],
            )
        return self._session


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once: of a connection that breaks off, aiohttp would ask again by itself.

    It does not know the exceptions of httpx (https://docs.aiohttp.org/en/stable/client_middleware_cookbook.html).
    """
    with _errors_of_httpx():
        return await send(request)


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    try:
        yield
    except aiohttp.ClientError as error:
        raise next(theirs for ours, theirs in ERRORS if isinstance(error, ours))(type(error).__name__) from None


class _Stream(httpx.AsyncByteStream):
    """The body, piece by piece as it comes."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors_of_httpx():
            async for piece in self._answer.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        self._answer.release()
