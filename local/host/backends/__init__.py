"""The back ends that run functions: an interface of two methods, and two implementations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from local.host.functions import Answer, CannotStartError, Function, Invocation


class Backend(Protocol):
    """Loads a function app and calls its functions, as a worker process does for the real host."""

    async def start(self, app: Path) -> Sequence[Function]:
        """Import `function_app.py` from that directory, which is on `sys.path`; raises CannotStartError."""

    async def invoke(self, invocation: Invocation) -> Answer | None:
        """Call the function; raises InvocationFailedError.

        A BaseException that is not an `Exception`, such as CancelledError, passes through.
        """


def _sdk() -> Backend:
    from local.host.backends.sdk import SdkBackend  # noqa: PLC0415 -- only when used

    return SdkBackend()


def _runtime() -> Backend:
    if not find_spec("azure_functions_runtime"):
        raise CannotStartError("azure-functions-runtime is not installed; it needs Python 3.13")
    from local.host.backends.runtime import RuntimeBackend  # noqa: PLC0415 -- only where installed

    return RuntimeBackend()


BACKENDS: Mapping[str, Callable[[], Backend]] = {"sdk": _sdk, "runtime": _runtime}


def preferred() -> str:
    """Return Microsoft's own worker if it is installed."""
    return "runtime" if find_spec("azure_functions_runtime") else "sdk"
