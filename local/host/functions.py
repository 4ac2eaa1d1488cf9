"""What passes between the host and its back ends: functions, their invocations, and what comes of those."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azure.functions.meta import Datum

from local.host.traces import TraceContext

Binding = Mapping[str, Any]  #: as function.json has it: type, direction, name, and more by type


class CannotStartError(Exception):
    """The app, its host.json or its settings have a mistake; the message says which."""


class InvocationFailedError(Exception):
    """A function raised, or gave or took what its bindings do not allow.  The message is the worker's traceback."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function as its decorators describe it."""

    name: str
    bindings: Sequence[Binding]

    @property
    def trigger(self) -> Binding:
        """The one binding that starts it; indexing refuses a function with none or two."""
        return next(binding for binding in self.bindings if binding["type"].endswith("Trigger"))


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a function.  `Datum` is the SDK's own tagged value, the same as on the wire to a worker."""

    function: Function
    value: Datum  #: what the trigger brings
    metadata: Mapping[str, Datum]
    trace: TraceContext
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP function returned, ready to be sent."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    @classmethod
    def text(cls, text: str) -> Answer:
        """For a function that returns a `str`."""
        return cls(200, [("content-type", "text/plain; charset=utf-8")], text.encode())
