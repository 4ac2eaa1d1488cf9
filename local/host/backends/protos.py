"""Stand-ins for the protobuf messages that the worker library receives and returns.

The library builds them from a namespace of classes that its caller provides, and needs little: fields are passed as
keyword arguments, an unset field reads None, and `WhichOneof` says which alternative is set.  The real ones are in
https://github.com/Azure/azure-functions-language-worker-protobuf, `FunctionRpc.proto`, under the same names.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class Message:
    """Any message."""

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)

    def __getattr__(self, name: str) -> Any:
        # The library probes a value for `.TypedData`, to tell a module of messages from a message: fields are
        # lowercase, and nothing else exists here.
        if not name[0].islower():
            raise AttributeError(name)
        return None


class TypedData(Message):
    """A value, as the one field that is set."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 -- protobuf's name
        """The name of that field."""
        return next(iter(vars(self)), None)


class ParameterBinding(Message):
    """A function's argument; the alternative to `data`, shared memory, is not used here."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 -- protobuf's name
        """Always `data`."""
        return "data"


class StatusResult(Message):
    """The result of a request."""

    Failure = 0
    Success = 1


class BindingInfo(Message):
    """A binding's direction and data type, by the numbers of function.json's own enums in the SDK."""

    undefined = 0
    out = 1
    inout = 2


class RpcHttpCookie(Message):
    """A cookie; these are the values of its `same_site`."""

    SameSite = SimpleNamespace(**{"None": None, "Lax": "Lax", "Strict": "Strict", "ExplicitNone": "None"})


PROTOS = SimpleNamespace(
    TypedData=TypedData,
    ParameterBinding=ParameterBinding,
    StatusResult=StatusResult,
    BindingInfo=BindingInfo,
    RpcHttpCookie=RpcHttpCookie,
    **dict.fromkeys(
        [
            "FunctionMetadataResponse",
            "InvocationResponse",
            "NullableBool",
            "NullableDouble",
            "NullableString",
            "NullableTimestamp",
            "RpcException",
            "RpcFunctionMetadata",
            "RpcHttp",
            "RpcRetryOptions",
            "Timestamp",
            "WorkerInitResponse",
            "WorkerMetadata",
        ],
        Message,
    ),
)
