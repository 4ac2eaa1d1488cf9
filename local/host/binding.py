"""What fails before a worker is asked: a value that the host itself cannot give to the parameter it is for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from azure.functions.meta import Datum

from local.host.backends import Backend
from local.host.functions import Answer, Function, Invocation, InvocationFailedError

_REFUSED = "refused"  #: no type of the SDK's


def refused(why: str) -> Datum:
    """A value for which the function does not run: its invocation fails, and says why."""
    return Datum(why, _REFUSED)


class Binder:
    """A back end that gets only what can be bound."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def start(self, app: Path) -> Sequence[Function]:
        """Load the app."""
        return await self._backend.start(app)

    async def invoke(self, invocation: Invocation) -> Answer | None:
        """Call the function, or fail without it."""
        if invocation.value.type == _REFUSED:
            raise InvocationFailedError(invocation.value.value)
        return await self._backend.invoke(invocation)
