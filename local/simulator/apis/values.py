"""Values in bodies: times, and ids that no request names."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5


def instant(when: datetime) -> str:
    """Return a time as most pages have it: `2020-09-14T14:29:55Z`."""
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def maybe(when: datetime | None) -> str | None:
    """Return a time, or null for what has not happened."""
    return None if when is None else instant(when)


def ticks(when: datetime | None) -> str | None:
    """Return a time with seven digits of a second: `2020-10-24T02:44:13.4109666Z`."""
    return None if when is None else f"{when:%Y-%m-%dT%H:%M:%S.%f}0Z"


def guid(*names: str) -> str:
    """Return the same id for the same names."""
    return str(uuid5(NAMESPACE_URL, "/".join(names)))


#: The iTwin of jobs that name none.
ITWIN = guid("itwin")


def forty(*names: str) -> str:
    """Return the same 40 hexadecimal digits, like a changeset's id, for the same names.

    >>> len(forty("job", "start"))
    40
    """
    return (guid(*names) + guid(*names, "more")).replace("-", "")[:40]
