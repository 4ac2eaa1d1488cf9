"""Trace contexts: every invocation is a span, in the caller's trace if there is one.

https://www.w3.org/TR/trace-context/#traceparent-header

The app has its own reading of the header.  This one is independent of it, as the host's is.
"""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}"  # "Version ff is invalid."
    r"-(?P<trace>(?!0{32})[0-9a-f]{32})"  # "All bytes as zero is considered an invalid value."
    r"-(?!0{16})[0-9a-f]{16}"
    r"-(?P<flags>[0-9a-f]{2})"
)


class TraceContext(NamedTuple):
    """The two values in a function's `Context.trace_context`."""

    parent: str
    state: str


def new_span(traceparent: str = "", tracestate: str = "") -> TraceContext:
    """Return a new span, in the caller's trace if `traceparent` is valid, else in a new trace.

    >>> new_span("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").parent.split("-")[1]
    '4bf92f3577b34da6a3ce929d0e0e4736'
    >>> new_span("00-00000000000000000000000000000000-00f067aa0ba902b7-01").parent.split("-")[1] == "0" * 32
    False
    """
    span = secrets.token_hex(8)
    if caller := _TRACEPARENT.fullmatch(traceparent):
        return TraceContext(f"00-{caller['trace']}-{span}-{caller['flags']}", tracestate)
    return TraceContext(f"00-{secrets.token_hex(16)}-{span}-01", "")
