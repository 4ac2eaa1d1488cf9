"""Settings are environment variables, as in Functions."""

from __future__ import annotations

import os
import re

from local.host.functions import CannotStartError, Function

#: The default of a trigger's `connection`, and the host's own.
DEFAULT_CONNECTION = "AzureWebJobsStorage"


def resolve(function: Function, written: str) -> str:
    """Replace each ``%NAME%`` in a binding by that setting.

    https://learn.microsoft.com/azure/azure-functions/functions-bindings-expressions-patterns#binding-expressions---app-settings
    """

    def value(match: re.Match[str]) -> str:
        if not (setting := os.environ.get(match[1])):
            raise CannotStartError(f"function {function.name}: the setting {match[1]} in {written!r} has no value")
        return setting

    return re.sub(r"%([^%]+)%", value, written)


def connection_string(function: Function) -> str:
    """Return the connection string of the function's trigger; error messages never contain one.

    The prefix "AzureWebJobs" of the name is optional:
    https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#connections
    """
    name = resolve(function, function.trigger.get("connection") or DEFAULT_CONNECTION)
    found = os.environ.get(f"AzureWebJobs{name}") or os.environ.get(name)
    if not found:
        raise CannotStartError(f"function {function.name}: the setting {name} has no connection string")
    return found
