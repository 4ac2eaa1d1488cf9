"""How storage is reached: by a connection string, or by the URIs of its services as the app's identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Without `use_env_settings` each request searches for a proxy, and for its password in .netrc, in two extra threads.
#: No proxy leads to the endpoint of a managed identity.
TRANSPORT: dict[str, Any] = {"use_env_settings": False}

#: Of each client.  The time-outs are in seconds, as the SDKs expect.
OPTIONS: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 10, **TRANSPORT}


@dataclass(frozen=True, slots=True)
class ByConnectionString:
    """An account whose key is known."""

    connection_string: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ByIdentity:
    """An account that gives the app's identity access."""

    queues: str  #: URI
    tables: str  #: URI
    credential: Any


Account = ByConnectionString | ByIdentity


def identity(client_id: str | None) -> Any:
    """Return the user-assigned identity of that client id, or the default credential."""
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential  # noqa: PLC0415 -- only in Azure

    if client_id is None:
        return DefaultAzureCredential(**TRANSPORT)
    return ManagedIdentityCredential(client_id=client_id, **TRANSPORT)
