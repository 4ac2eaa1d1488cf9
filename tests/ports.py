"""Ports for tests that have no use for them, named where they are used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from shared.core.rate_limit import Clearance


class NoGate:
    """As if nobody ever met a limit."""

    async def acquire(self, api: str, scheduled: timedelta) -> Clearance:  # noqa: ARG002
        return Clearance()

    async def refused(self, api: str, asked_at: Any, retry_after: timedelta) -> Clearance:  # noqa: ARG002
        return Clearance()

    async def admit(self) -> timedelta:
        return timedelta(0)


class NoIndex:
    """No list is made of these."""

    async def add(self, watch: Any) -> None:
        pass

    async def add_ended(self, watch: Any, end: Any) -> None:
        pass

    async def remove(self, watch: Any) -> None:
        pass


async def ignore(*_: Any) -> None:
    """Nobody looks at these events or tickets."""


async def no_paces() -> dict[str, Any]:
    """No API has met a limit."""
    return {}


async def nothing() -> list[Any]:
    """No row is found."""
    return []


@asynccontextmanager
async def no_lock(_: str) -> AsyncIterator[None]:
    """Turns of one row are not kept apart."""
    yield
