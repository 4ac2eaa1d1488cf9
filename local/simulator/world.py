"""The state of the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from local.simulator.jobs import Jobs
from local.simulator.journal import Journal
from local.simulator.limit import Limit
from local.simulator.scripts import Scripts
from local.simulator.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of the command line."""

    client_id: str
    client_secret: str
    token_lifetime: timedelta
    job_duration: timedelta
    requests_per_minute: int | None = None  #: None: no limit


class World:
    """The mutable state, in five parts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.forget()

    def forget(self) -> None:
        """Reset the state."""
        self.tokens = Tokens(self.settings.token_lifetime)
        self.jobs = Jobs(self.settings.job_duration)
        self.scripts = Scripts()
        self.journal = Journal()
        per_minute = self.settings.requests_per_minute
        self.limit = None if per_minute is None else Limit(per_minute, timedelta(minutes=1))


WORLD = web.AppKey("world", World)
