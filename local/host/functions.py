"""The types between the host and its back ends: functions, invocations and their results."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azure.functions.meta import Datum

from local.host.traces import TraceContext

Binding = Mapping[str, Any]  #: as in function.json: type, direction, name, and more by type


class CannotStartError(Exception):
    """The app, its host.json or its settings contain an error, which the message describes."""


class InvocationFailedError(Exception):
    """A function raised, or violated its bindings.  The message is the worker's traceback."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function and its bindings."""

    name: str
    bindings: Sequence[Binding]

    @property
    def trigger(self) -> Binding:
        """Its trigger; indexing rejects a function with none or two."""
        return next(binding for binding in self.bindings if binding["type"].endswith("Trigger"))


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a function.  `Datum` is the SDK's own tagged value, the same as on the wire to a worker."""

    function: Function
    value: Datum  #: the value from the trigger
    metadata: Mapping[str, Datum]
    trace: TraceContext
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of an HTTP function, ready to send."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    @classmethod
    def text(cls, text: str) -> Answer:
        """For a function that returns a `str`."""
        return cls(200, [("content-type", "text/plain; charset=utf-8")], text.encode())
