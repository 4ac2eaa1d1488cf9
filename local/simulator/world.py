"""All that the simulator remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from local.simulator.jobs import Jobs
from local.simulator.journal import Journal
from local.simulator.scripts import Scripts
from local.simulator.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What stays the same until the simulator ends."""

    client_id: str
    client_secret: str
    token_lifetime: timedelta
    job_duration: timedelta


class World:
    """What changes, in four parts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.tokens = Tokens(self.settings.token_lifetime)
        self.jobs = Jobs(self.settings.job_duration)
        self.scripts = Scripts()
        self.journal = Journal()


WORLD = web.AppKey("world", World)
