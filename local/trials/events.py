"""The events that `chaos` causes: the simulated platform's, of a webhook, and its own, forged or replayed."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from local.parts.stack import CLIENT_ID, CLIENT_SECRET, Stack
from local.simulator.webhooks.message import Message, signature
from local.trials.scenario import Job
from local.trials.told import ACCEPTED
from shared.apis import APIS
from shared.core.decide import MOST_EVENTS

SECRET = secrets.token_hex(32)
SETTINGS = {"WEBHOOK_SECRETS": SECRET}

#: What the simulated platform does to its messages.
SWITCHES = {
    "lost": 0.1,
    "late": 2.5,
    "late_share": 0.2,
    "doubled": 0.2,
    "out_of_order": 0.2,
    "wrongly_signed": 0.2,
}

V2 = "application/vnd.bentley.itwin-platform.v2+json"

#: Statuses that come with a Retry-After.
HOLDING_BACK = {429, 503}

#: Events sent together.
AT_ONCE = 5

Attempt = Mapping[str, Any]  #: as in `GET /_sim/deliveries`


class Events:
    """Sends them.  `attempts` has all, those of the platform too."""

    def __init__(self, parts: Stack, jobs: Sequence[Job], rng: random.Random) -> None:
        self._rng, self._platform = rng, parts.simulator_control()
        self._url = f"{parts.url}/api/events?code={parts.key}"
        self._jobs = [job for job in jobs if APIS[job.api].event]
        self._sent: list[Attempt] = []
        self._register(parts)

    @property
    def attempts(self) -> Sequence[Attempt]:
        """What was sent, in no order."""
        deliveries: list[Attempt] = self._platform.get("/deliveries").json()["deliveries"]
        return [*deliveries, *self._sent]

    @property
    def woke(self) -> int:
        """The number of events that woke a watch, as the app counts them; a killed worker may have lost some."""
        sent = [envelope["data"]["baseData"] for envelope in self._platform.get("/events").json()["events"]]
        return sum(one["name"] == "EventReceived" and one["properties"]["result"] == "woken" for one in sent)

    def tell(self) -> None:
        """Have the platform tell of the end of some jobs, whether they have ended or not."""
        self._tell(self._jobs)

    def hurry(self) -> None:
        """Tell of jobs whose last answer said when to ask again: their watches must not obey."""
        last = {one["path"]: one["status"] for one in self._platform.get("/requests").json()["requests"]}
        self._tell([job for job in self._jobs if last.get(job.path) in HOLDING_BACK])

    def forge(self) -> None:
        """Tell of some jobs without the secret."""
        for job in self._some(self._jobs):
            self._send(self._about(job), secrets.token_hex(32))

    def replay(self) -> None:
        """Send some of the last events again, with the signature.  A row remembers no more of them than these."""
        accepted = [one for one in self.attempts if one["rightlySigned"] and one["status"] in ACCEPTED]
        accepted.sort(key=lambda one: str(one["time"]))
        for one in self._some(accepted[-MOST_EVENTS:]):
            self._send(one, SECRET)

    def _tell(self, jobs: Sequence[Job]) -> None:
        for job in self._some(jobs):
            self._platform.post("/ended", json={"path": job.path})

    def _some(self, of: Sequence[Any]) -> Sequence[Any]:
        return self._rng.sample(of, min(AT_ONCE, len(of)))

    def _about(self, job: Job) -> Attempt:
        """Return an event of a job, with the ids where the app looks for them."""
        event = APIS[job.api].event
        content = {at.removeprefix("content."): job.ids[field] for field, at in event.ids_at.items()} if event else {}
        kind = event.types[0] if event else ""
        return {"messageId": str(uuid4()), "webhookId": "w", "eventType": kind, "content": content, "iTwinId": "t"}

    def _send(self, event: Attempt, secret: str) -> None:
        began, clock = datetime.now(UTC), time.monotonic()
        ids = (event["messageId"], event["webhookId"])
        body = Message(*ids, event["eventType"], event["content"], event["iTwinId"], began, began).body()
        status = None
        try:
            headers = {"Content-Type": "application/json", "Signature": signature(secret, body)}
            with httpx.Client(trust_env=False, timeout=5) as client:
                status = client.post(self._url, content=body, headers=headers).status_code
        except httpx.HTTPError:
            pass  # the host was killed: `status` says so
        self._sent.append(
            {
                **event,
                "time": began.isoformat(timespec="microseconds"),
                "seconds": time.monotonic() - clock,
                "rightlySigned": secret == SECRET,
                "lost": False,
                "status": status,
            }
        )

    def _register(self, parts: Stack) -> None:
        """Make a webhook of the account, for all events of these jobs, and break what it sends."""
        types = {kind for job in self._jobs for kind in _types(job)}
        wanted = {"callbackUrl": self._url, "scope": "Account", "secret": SECRET, "eventTypes": sorted(types)}
        with closing(parts.simulated_platform()) as platform:
            login = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
            token = platform.post("/connect/token", data=login).json()["access_token"]
            platform.headers.update({"Authorization": f"Bearer {token}", "Accept": V2})
            created = platform.post("/webhooks", json=wanted).json()
            platform.patch(f"/webhooks/{created['id']}", json={"active": True, "secret": SECRET})
        self._platform.post("/webhooks", json=SWITCHES)


def _types(job: Job) -> Sequence[str]:
    event = APIS[job.api].event
    return event.types if event else ()
