"""The state of the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from local.simulator.apis import Api, View
from local.simulator.clock import history
from local.simulator.jobs import Job, Jobs
from local.simulator.journal import Journal
from local.simulator.limit import Limit
from local.simulator.scripts import Scripts
from local.simulator.tokens import Tokens
from local.simulator.webhooks.ends import Ends
from local.simulator.webhooks.registry import Webhooks
from local.simulator.webhooks.sending import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of the command line."""

    client_id: str
    client_secret: str
    token_lifetime: timedelta
    job_duration: timedelta
    requests_per_minute: int | None = None  #: None: no limit


class World:
    """The mutable state, in eight parts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ends = Ends(self._ended)
        self.sender = Sender()
        self.forget()

    def forget(self) -> None:
        """Reset the state."""
        self.ends.forget()
        self.sender.forget()
        self.webhooks = Webhooks()
        self.tokens = Tokens(self.settings.token_lifetime)
        self.jobs = Jobs(self.settings.job_duration, self.ends.expect)
        self.scripts = Scripts()
        self.journal = Journal()
        per_minute = self.settings.requests_per_minute
        self.limit = None if per_minute is None else Limit(per_minute, timedelta(minutes=1))

    def tell(self, api: Api, job: Job, ended: datetime) -> int:
        """Send the event of a job's end; returns the number of messages."""
        if api.event is None:
            return 0
        states = tuple(history(job.plan.length, job.plan))
        view = View(job.ids, job.began, states, url="", origin="", given=job.given)
        return self.sender.tell(self.webhooks, api.event.type, api.event.content(view), job.itwin_id, ended)

    def _ended(self, api: Api, job: Job) -> None:
        if job.ends and self.jobs.holds(api, job):
            self.tell(api, job, job.ends)

    async def close(self) -> None:
        """Stop what is under way."""
        self.ends.forget()
        await self.sender.close()


WORLD = web.AppKey("world", World)
