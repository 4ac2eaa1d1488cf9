"""Requests to the platform, as a service application, repeated while that may help."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeVar

import anyio
import httpx

from itwin_job_watch.answers import no_answer
from itwin_job_watch.connection import PATIENCE, SHORTEST_SECRET, TRIES, Sleep
from itwin_job_watch.errors import UnavailableError, say
from itwin_job_watch.pauses import pause
from itwin_job_watch.proxies import transport_to
from itwin_job_watch.running import Loop
from itwin_job_watch.version import USER_AGENT
from itwin_job_watch.webhooks.documents import (
    NoSuchError,
    Webhook,
    all_webhooks,
    body_of,
    nothing,
    token_of,
    webhook,
)

ACCEPT = "application/vnd.bentley.itwin-platform.v2+json"

Read = TypeVar("Read")


class Platform:
    """The platform, as one service application sees it."""

    def __init__(
        self,
        url: str,
        token_url: str,
        credentials: tuple[str, str],
        *,
        scope: str = "itwin-platform",
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Sleep | None = None,
    ) -> None:
        """`url` is the platform's origin; `credentials` are the id and the secret of the client."""
        client_id, secret = credentials
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, "scope": scope}
        self._url, self._token_url, self._form = url, token_url, form
        self._sleep = sleep or anyio.sleep
        self._hidden = [secret]
        self._token = ""
        agent = {"user-agent": USER_AGENT}
        # The token endpoint is another place, maybe behind another proxy.
        self._http = httpx.AsyncClient(headers=agent, transport=transport or transport_to(url))
        self._tokens = httpx.AsyncClient(headers=agent, transport=transport or transport_to(token_url))
        self._loop = Loop()

    def close(self) -> None:
        """Close the connections."""
        self._loop.run(self._http.aclose())
        self._loop.run(self._tokens.aclose())
        self._loop.close()

    def hide(self, secrets: Sequence[str]) -> None:
        """Show nothing of these, whatever the platform repeats."""
        self._hidden += secrets

    def patiently(self, do: Callable[[], Read]) -> Read:
        """Do it, and again a few times if it fails in a way that may pass; it must bear to be done twice."""
        for repetition in count():
            try:
                return do()
            except UnavailableError as error:
                if repetition + 1 >= TRIES:
                    raise
                say(f"Trying again: {error}")
                self._loop.run(_pause(self._sleep, pause(repetition, error.retry_after)))
        raise AssertionError("unreachable")

    def log_in(self) -> None:
        """Get a token, unless there is one; raises `JobWatchError`."""
        if not self._token:
            answer = self._exchange(self._tokens, "POST", self._token_url, data=self._form)
            self._token = token_of(answer)
            self._hidden.append(self._token)

    def webhooks(self) -> list[Webhook]:
        """Return all webhooks that the application may see."""
        return self._request("GET", "/webhooks", all_webhooks)

    def create(self, itwin: str, url: str, events: Sequence[str], secret: str) -> Webhook:
        """Create a webhook, which is inactive at first."""
        wanted = {"callbackUrl": url, "scope": "iTwin", "scopeId": itwin, "secret": secret, "eventTypes": [*events]}
        return self._request("POST", "/webhooks", webhook, json=wanted)

    def update(self, webhook_id: str, url: str, events: Sequence[str], secret: str) -> Webhook:
        """Activate a webhook, and set all of it.  The page can be read so that one without a secret makes a new one."""
        wanted = {"active": True, "callbackUrl": url, "secret": secret, "eventTypes": [*events]}
        return self._request("PATCH", _path(webhook_id), webhook, json=wanted)

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook; raises `NoSuchError` if it does not exist."""
        self._request("DELETE", _path(webhook_id), nothing)

    def _request(self, method: str, path: str, read: Callable[[Any], Read], **more: Any) -> Read:
        """Make a request once."""
        self.log_in()
        headers = {"authorization": f"Bearer {self._token}", "accept": ACCEPT}
        answer = self._exchange(self._http, method, f"{self._url}{path}", headers=headers, **more)
        return read(body_of(answer, [secret for secret in self._hidden if len(secret) >= SHORTEST_SECRET]))

    def _exchange(self, http: httpx.AsyncClient, method: str, url: str, **more: Any) -> httpx.Response:
        try:
            return self._loop.run(http.request(method, url, timeout=PATIENCE, **more))
        except (httpx.RequestError, OSError) as error:
            raise no_answer(error, url, see="ITWIN_CLIENT_ID and ITWIN_CLIENT_SECRET") from None


async def _pause(sleep: Sleep, seconds: float) -> None:
    await sleep(seconds)


def _path(webhook_id: str) -> str:
    """Return the path of a webhook; raises `NoSuchError` for what can be no id, and might be another path."""
    if not re.fullmatch(r"[\w-]+", webhook_id, re.ASCII):
        raise NoSuchError("no webhook has such an id")
    return f"/webhooks/{webhook_id}"
