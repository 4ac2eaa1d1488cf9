"""The parts of host.json that this host supports, with the real host's defaults and limits.

https://learn.microsoft.com/azure/azure-functions/functions-host-json,
https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings.
Other values are ignored here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from local.host.functions import CannotStartError
from local.host.telemetry import Level

_OVERRIDE = "AzureFunctionsJobHost__"

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?([01]?\d|2[0-3]):([0-5]?\d):([0-5]?\d)(\.\d{1,7})?")


def time_span(written: Any) -> timedelta:
    """Read "[d.]hh:mm:ss[.fffffff]".  The host reads a bare number as days, which nobody means: rejected here."""
    if not (match := _TIME_SPAN.fullmatch(str(written))):
        raise ValueError('write a time as "hh:mm:ss"')
    days, hours, minutes, seconds, fraction = match.groups(default="0")
    try:
        whole = timedelta(days=int(days), hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    except OverflowError:
        raise ValueError("that time is too long") from None
    return whole + timedelta(seconds=float(fraction))


def _function_timeout(written: Any) -> timedelta | None:
    return None if written == "-1" else time_span(written)


def _lower(written: Any) -> Any:
    return written.lower() if isinstance(written, str) else written


_LEVELS = {"none" if level is Level.Off else level.name.lower(): level for level in Level}

_TimeSpan = Annotated[timedelta, BeforeValidator(time_span)]


class _Section(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class Http(_Section):
    """`extensions.http`."""

    route_prefix: str = "api"


class Queues(_Section):
    """`extensions.queues`: one set for all queue triggers.  Defaults and limits are from QueuesOptions.cs."""

    #: Messages per fetch; the service allows at most 32.
    batch_size: int = Field(default=16, ge=1, le=32)
    new_batch_threshold: int | None = Field(default=None, ge=0)
    max_polling_interval: _TimeSpan = Field(default=timedelta(minutes=1), ge=timedelta(milliseconds=100))
    #: Delay before a failed message is retried.  Not the lease, which is 10 minutes.
    visibility_timeout: _TimeSpan = Field(default=timedelta(0), le=timedelta(days=7))
    max_dequeue_count: int = Field(default=5, ge=1)
    message_encoding: Annotated[Literal["base64", "none"], BeforeValidator(_lower)] = "base64"

    @property
    def threshold(self) -> int:
        """Fetch more when at most this many messages are in work: this plus a batch is the maximum concurrency."""
        if self.new_batch_threshold is None:
            return self.batch_size // 2 * (os.cpu_count() or 1)
        return self.new_batch_threshold


class Extensions(_Section):
    """`extensions`."""

    http: Http = Http()
    queues: Queues = Queues()


def _level(written: Any) -> Any:
    if not isinstance(written, str) or written.lower() not in _LEVELS:
        raise ValueError(f"write one of {', '.join(name.capitalize() for name in _LEVELS)}")
    return _LEVELS[written.lower()]


def _category(name: str) -> str:
    if name.count("*") > 1:
        raise ValueError('"Only one wildcard character is allowed in category name" (LoggerRuleSelector.cs)')
    return name


class Logging(_Section):
    """`logging` without sampling: this host sends everything that passes the filters."""

    log_level: dict[Annotated[str, AfterValidator(_category)], Annotated[Level, BeforeValidator(_level)]] = {}


class HostJson(_Section):
    """The whole file."""

    version: Literal["2.0"]
    extensions: Extensions = Extensions()
    logging: Logging = Logging()
    #: None: no limit.  The default of every plan except Consumption.
    function_timeout: Annotated[
        Annotated[timedelta, Field(ge=timedelta(seconds=1))] | None, BeforeValidator(_function_timeout)
    ] = timedelta(minutes=30)


def read(app: Path, environment: Mapping[str, str] = os.environ) -> HostJson:
    """Read the host.json of the app in that directory, with overrides from the environment."""
    path = app / "host.json"
    try:
        return HostJson.model_validate(_overridden(json.loads(path.read_bytes()), environment))
    except FileNotFoundError:
        raise CannotStartError(f"there is no host.json in {app}") from None
    except ValidationError as error:
        wrong = "\n".join(f"  {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise CannotStartError(f"{path} has errors:\n{wrong}") from None
    except ValueError as error:
        raise CannotStartError(f"{path} is not JSON: {error}") from None


def _overridden(written: Any, environment: Mapping[str, str]) -> Any:
    """Apply overrides from the environment.

    https://learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values

    >>> _overridden({"version": "2.0"}, {"AzureFunctionsJobHost__extensions__http__routePrefix": "v1"})
    {'version': '2.0', 'extensions': {'http': {'routePrefix': 'v1'}}}
    """
    for name, value in environment.items():
        if name.startswith(_OVERRIDE):
            *sections, last = name.removeprefix(_OVERRIDE).split("__")
            reduce(lambda section, key: section.setdefault(key, {}), sections, written)[last] = value
    return written
