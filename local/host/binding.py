"""Invocations that fail before they reach a worker: the host cannot bind the value to its parameter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from azure.functions.meta import Datum

from local.host.backends import Backend
from local.host.functions import Answer, Function, Invocation, InvocationFailedError

_REFUSED = "refused"  #: not a type of the SDK


def refused(why: str) -> Datum:
    """A value that cannot be bound: the invocation fails with the reason."""
    return Datum(why, _REFUSED)


class Binder:
    """A back end that only receives bindable values."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def start(self, app: Path) -> Sequence[Function]:
        """Load the app."""
        return await self._backend.start(app)

    async def invoke(self, invocation: Invocation) -> Answer | None:
        """Call the function, or fail without calling it."""
        if invocation.value.type == _REFUSED:
            raise InvocationFailedError(invocation.value.value)
        return await self._backend.invoke(invocation)
